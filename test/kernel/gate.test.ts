/** The gate as a table of refusals, and as stories: held, doubled, cut off, failed and crashed. */
import { beforeEach, describe, expect, test } from 'vitest'
import type { Opened, Sealed } from '../../src/events/envelope.ts'
import { type EventId, NO_STREAM } from '../../src/events/ids.ts'
import type { Verdict } from '../../src/kernel/api/index.ts'
import { MemoryDisk } from '../../src/kernel/testing/memory-disk.ts'
import { DiskError } from '../../src/store/disk.ts'
import { type Chain, sealRun } from '../../src/wire/seal.ts'
import {
  chainAfter,
  countingEnvironment,
  deviceOf,
  idOf,
  keptDraft,
  START,
  STREAM,
  said,
} from '../support/sealing.ts'
import { all, idsOf } from '../support/store-world.ts'
import { settle } from './support/house.ts'
import { kindsOf, OPEN_LAW, openPath, SELF } from './support/path.ts'

const bob = deviceOf(2)
const carol = deviceOf(3)
const SOURCE = bob.device
const environment = countingEnvironment()
const seal = (texts: readonly string[], chain: Chain, signer = bob): Opened[] =>
  sealRun(texts.map(said), chain, signer, environment)
const introduce = (signer = bob): Opened[] => sealRun([keptDraft()], START, signer, environment)
const flip = (bytes: Uint8Array, at: number): Uint8Array => {
  const flipped = Uint8Array.from(bytes)
  flipped[at]! ^= 1
  return flipped
}

let p: Awaited<ReturnType<typeof openPath>>
let hello: Opened[]
beforeEach(async () => {
  p = await openPath()
  hello = introduce()
  expect(kindsOf(await p.gate.ingest(hello, SOURCE))).toEqual(['admitted'])
})
const ingest = async (run: readonly Sealed[], from = SOURCE): Promise<string[]> =>
  kindsOf(await p.gate.ingest(run, from))
const stored = async (): Promise<string[]> => idsOf(await all(p.store.read({})))

describe('what is refused', () => {
  const next = (): Opened[] => seal(['one', 'two'], chainAfter(hello))
  const change = (run: readonly Opened[], at: number, how: (event: Opened) => Partial<Opened>): Sealed[] =>
    run.map((event, index) => (index === at ? { ...event, ...how(event) } : event))

  test.each<[string, () => readonly Sealed[], string]>([
    [
      'a changed envelope',
      () => change(next(), 1, ({ bytes }) => ({ bytes: flip(bytes, 10) })),
      'id-of-another',
    ],
    ['an id that is not its own', () => change(next(), 1, () => ({ id: idOf<EventId>(1) })), 'id-of-another'],
    [
      'bytes that are no envelope',
      () => [{ id: idOf<EventId>(1), bytes: new Uint8Array(9) }],
      'not-an-envelope',
    ],
    [
      'changed data',
      () => change(next(), 0, ({ data }) => ({ data: flip(data!, 3) })),
      'data-not-as-committed',
    ],
    ['a wrong signature', () => change(next(), 1, () => ({ sig: new Uint8Array(64) })), 'bad-signature'],
    [
      'a signature that is not one',
      () => change(next(), 0, () => ({ sig: new Uint8Array(64) })),
      'bad-signature',
    ],
    [
      'a kept event without its data',
      () => withoutData(sealRun([keptDraft()], chainAfter(hello), bob, environment)),
      'kept-data-missing',
    ],
    ['an author the law does not name', () => seal(['x'], START, carol), 'not-admitted'],
    [
      'more events than a call may bring',
      () => Array.from({ length: 257 }, () => hello[0]!),
      'too-many-events',
    ],
  ])('%s', async (_what, run, expected) => {
    const verdicts = await ingest(run())
    expect(verdicts).toContain(expected)
    expect(verdicts).not.toContain('admitted')
    expect(await stored()).toHaveLength(1)
    expect(p.gate.refusals.get(expected)).toBeGreaterThan(0)
  })

  const withoutData = (run: readonly Opened[]): Sealed[] =>
    run.map(({ id, bytes, sig }) => ({ id, bytes, ...(sig && { sig }) }))

  test('a chain that goes on from another author', async () => {
    const other = introduce(carol)
    await ingest(other)
    expect(await ingest(seal(['stolen'], chainAfter(other), bob))).toEqual(['prev-not-of-this-chain'])
  })

  test('a citation of an event in another stream', async () => {
    const elsewhere = sealRun([keptDraft()], { ...START, stream: idOf(0xcd) }, carol, environment)
    await ingest(elsewhere)
    expect(await ingest(seal(['x'], chainAfter(hello, [elsewhere[0]!.id])))).toEqual([
      'seen-in-another-stream',
    ])
  })

  test('an event of this very device that its log does not have stops all writing', async () => {
    const mine = sealRun([keptDraft()], START, SELF, environment)
    expect(await ingest(mine)).toEqual(['own-event-unknown'])
    await expect(p.log.submit(STREAM, [said('x')])).rejects.toMatchObject({ code: 'LOG_DAMAGED' })
  })
})

test('a run is admitted whole, after the sync, and told in position order', async () => {
  const run = seal(['one', 'two', 'three'], chainAfter(hello))
  expect(await ingest(run)).toEqual(['admitted', 'admitted', 'admitted'])
  expect(p.appended.map(({ position }) => position)).toEqual([1, 2, 3, 4])
  expect(p.appended.map(({ via }) => via)).toEqual(Array(4).fill(SOURCE))
})

test('verdicts and appended$ wait for the sync', async () => {
  let release = (): void => undefined
  p.disk.faults.slowSync = () => new Promise(resolve => void (release = resolve))
  let verdicts: readonly Verdict[] | undefined
  void p.gate.ingest(seal(['slow'], chainAfter(hello)), SOURCE).then(answer => void (verdicts = answer))
  await settle()
  expect([verdicts, p.appended.length]).toEqual([undefined, 1])
  release()
  await settle()
  expect(kindsOf(verdicts ?? [])).toEqual(['admitted'])
  expect(p.appended).toHaveLength(2)
})

test('the same event again is a duplicate, also from another source and while it is on its way', async () => {
  const run = seal(['once'], chainAfter(hello))
  const answers = await Promise.all([ingest(run), ingest(run, carol.device)])
  expect(answers).toEqual([['admitted'], ['duplicate']])
  expect(await ingest(run)).toEqual(['duplicate'])
  expect(await stored()).toHaveLength(2)
})

test('a duplicate of what is being synced is answered after the sync, as that one is', async () => {
  const run = seal(['slow'], chainAfter(hello))
  const answers: string[] = []
  const ask = () =>
    ingest(run).then(
      ([kind]) => answers.push(kind!),
      () => answers.push('rejected'),
    )
  for (const outcome of ['fails', 'lands']) {
    let end = (): void => undefined
    p.disk.faults.slowSync = () =>
      new Promise((resolve, reject) => {
        end = () => (outcome === 'lands' ? resolve() : reject(new DiskError('full', 'on purpose')))
      })
    const asked = [ask()]
    await settle()
    asked.push(ask())
    await settle()
    if (outcome === 'fails') expect(answers).toEqual([])
    end()
    await Promise.all(asked)
  }
  expect(answers).toEqual(['rejected', 'rejected', 'admitted', 'duplicate'])
})

test('a duplicate of what the memory has long forgotten is found on the disk', async () => {
  const run = seal(['once'], chainAfter(hello))
  await ingest(run)
  await ingest(seal(['later'], chainAfter(run)))
  const again = await openPath({ disk: p.disk.reopen() })
  expect(kindsOf(await again.gate.ingest(run, SOURCE))).toEqual(['duplicate'])
  expect(kindsOf(await again.gate.ingest(hello, SOURCE))).toEqual(['duplicate'])
})

test('no disk read is needed for the next text in line, nor for its duplicate', async () => {
  const first = seal(['warm'], chainAfter(hello))
  await ingest(first)
  const reads: string[] = []
  const find = p.store.find.bind(p.store)
  p.store.find = id => {
    reads.push(id)
    return find(id)
  }
  const run = seal(['next'], chainAfter(first))
  await ingest(run)
  await ingest(run)
  expect(reads).toEqual([])
})

test('texts that overtook each other are held, never answered as admitted, and follow in order', async () => {
  const [one, two, three] = ['one', 'two', 'three'].map((text, index) => [text, index] as const)
  const first = seal([one![0]], chainAfter(hello))
  const second = seal([two![0]], chainAfter(first))
  const third = seal([three![0]], chainAfter(second))
  expect(await p.gate.ingest(third, SOURCE)).toEqual([
    { id: third[0]!.id, kind: 'held', missing: [second[0]!.id] },
  ])
  expect(await ingest(second)).toEqual(['held'])
  expect(await stored()).toHaveLength(1)
  expect(await ingest(first)).toEqual(['admitted'])
  await settle()
  expect(await stored()).toEqual([hello, first, second, third].flat().map(({ id }) => id))
  expect(p.gate.held).toEqual({ events: 0, bytes: 0 })
  expect(await ingest(third)).toEqual(['duplicate'])
})

test('an event that cites one not yet here waits for it', async () => {
  const other = introduce(carol)
  const citing = seal(['as carol said'], chainAfter(hello, [other[0]!.id]))
  expect(await ingest(citing)).toEqual(['held'])
  await ingest(other, carol.device)
  await settle()
  expect(await stored()).toHaveLength(3)
})

test('a chain is held from its first event on until the one that lets its author in', async () => {
  const first = introduce(carol)
  const second = seal(['hi'], chainAfter(first), carol)
  expect(await ingest(second)).toEqual(['held'])
  expect(await ingest(first)).toEqual(['admitted'])
  await settle()
  expect(await stored()).toHaveLength(3)
})

test('what an author has waiting is bounded, and what is nearest to the chain stays', async () => {
  const run = seal(['missing'], chainAfter(hello))
  let last = run
  const waiting: Opened[][] = []
  for (let at = 0; at < 300; at += 1) waiting.push((last = seal([`text ${at}`], chainAfter(last))))
  for (const each of waiting) await ingest(each)
  expect(p.gate.held.events).toBe(256)
  await ingest(run)
  await settle()
  expect(await stored()).toHaveLength(2 + 256)
})

test('a run that comes in two parts waits for its signature beside its source', async () => {
  const run = seal(['one', 'two', 'three'], chainAfter(hello))
  expect(await ingest(run.slice(0, 2))).toEqual(['held', 'held'])
  expect(await ingest(run.slice(2), carol.device)).not.toContain('admitted')
  expect(await stored()).toHaveLength(1)
  expect(await ingest(run.slice(2))).toEqual(['admitted', 'admitted', 'admitted'])
})

test('an unsigned tail never grows beyond a run', async () => {
  const run = seal(
    Array.from({ length: 100 }, (_, at) => `text ${at}`),
    chainAfter(hello),
  )
  const unsigned = run.map(({ sig: _sig, ...rest }) => rest)
  expect(new Set(await ingest(unsigned.slice(0, 70)))).toEqual(new Set(['too-long-without-signature']))
  for (let at = 0; at < 200; at += 1)
    await ingest(
      seal(['a', 'b'], { ...START, stream: idOf(at + 1) })
        .slice(0, 1)
        .map(event => ({ ...event })),
    )
  expect(await stored()).toHaveLength(1)
})

test('a newer format is held without being understood, and nothing breaks', async () => {
  const newer = Uint8Array.from(hello[0]!.bytes)
  newer[1] = 2
  const [verdict] = await p.gate.ingest([{ id: idOf<EventId>(9), bytes: newer }], SOURCE)
  expect(verdict).toEqual({ id: idOf<EventId>(9), kind: 'held', missing: [] })
  await p.gate.ingest([{ id: idOf<EventId>(9), bytes: newer }], SOURCE)
  expect(p.told).toEqual(['events of others wait for a newer version of ntm-chat'])
  expect(p.gate.held.events).toBe(0)
})

test('a stream whose law nobody knows is held, says what it needs, and goes in when the plugin comes', async () => {
  p = await openPath({ contributes: {} })
  const founding = sealRun(
    [{ type: 'poll.founded', rev: 1, data: { rules: 'com.example.polls/1' }, kept: true }],
    { stream: NO_STREAM, seq: 0, prev: undefined, seen: [] },
    bob,
    environment,
  )
  expect(await ingest(founding)).toEqual(['held'])
  await ingest(founding)
  const notes = await all(p.path.journal.read(founding[0]!.id))
  expect(notes.map(({ what }) => what)).toEqual([
    'held: it needs a plugin that brings the rules of com.example.polls/1',
  ])
  expect(p.told).toEqual(['events of others wait for a plugin that brings the rules of com.example.polls/1'])
  p.house.install('polls', { rule: [OPEN_LAW] })
  await settle()
  expect(await stored()).toEqual([founding[0]!.id])
})

test('rules that throw are counted against their plugin and admit nobody', async () => {
  const broken = {
    ...OPEN_LAW,
    authors: () => {
      throw new Error('bug')
    },
  }
  p = await openPath({ contributes: { rule: [broken] } })
  expect(await ingest(introduce())).toEqual(['held'])
  expect(p.house.fences.get('law')?.failures).toBeGreaterThan(0)
})

test('a failed commit keeps nothing, and the chain goes on from where the disk is', async () => {
  const run = seal(['lost'], chainAfter(hello))
  p.disk.faults.fail = () => 'full'
  await expect(p.gate.ingest(run, SOURCE)).rejects.toMatchObject({ code: 'DISK_FULL' })
  await expect(p.gate.ingest(run, SOURCE)).rejects.toMatchObject({ code: 'DISK_FULL' })
  p.disk.faults.fail = () => undefined
  expect(p.appended).toHaveLength(1)
  expect(await ingest(seal(['too early'], chainAfter(run)))).toEqual(['held'])
  expect(await ingest(run)).toEqual(['admitted'])
})

test('power lost after the verdict loses nothing; a disk that only pretends to sync does', async () => {
  const story = async (ignoresSync: boolean) => {
    const before = await openPath({ disk: new MemoryDisk({ ignoresSync }) })
    await before.gate.ingest(hello, SOURCE)
    const after = await openPath({ disk: before.disk.crash() })
    return (await all(after.store.read({}))).length
  }
  expect(await story(false)).toBe(1)
  await expect(story(true)).resolves.toBe(0)
})
