/** The gate as a table of refusals, and as stories: admitted, doubled, failed and crashed. */
import { beforeEach, describe, expect, test } from 'vitest'
import type { Opened, Sealed } from '../../src/events/envelope.ts'
import type { EventId } from '../../src/events/ids.ts'
import type { Verdict } from '../../src/kernel/api/index.ts'
import { MemoryDisk } from '../../src/kernel/testing/memory-disk.ts'
import { DiskError } from '../../src/store/disk.ts'
import { compactFrame } from '../../src/wire/compact.ts'
import type { CompactFrame } from '../../src/wire/frame-compact.ts'
import { rebuild } from '../../src/wire/rebuild.ts'
import { sealRun } from '../../src/wire/seal.ts'
import { chainAfter, idOf, keptDraft, START, STREAM, said } from '../support/sealing.ts'
import { all } from '../support/store-world.ts'
import {
  type AtGate,
  bob,
  carol,
  environment,
  gateThatKnowsBob,
  introduce,
  openGate,
  SOURCE,
  seal,
} from './support/at-gate.ts'
import { settle } from './support/house.ts'
import { kindsOf, SELF } from './support/path.ts'

const flip = (bytes: Uint8Array, at: number): Uint8Array => {
  const flipped = Uint8Array.from(bytes)
  flipped[at]! ^= 1
  return flipped
}

let p: AtGate
let hello: Opened[]
beforeEach(async () => {
  const known = await gateThatKnowsBob()
  ;[p, hello] = [known, known.hello]
})
const ingest: AtGate['ingest'] = (...asked) => p.ingest(...asked)
const stored: AtGate['stored'] = () => p.stored()

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

test('what was rebuilt from a frame is judged as any other, and so is a changed copy of it', async () => {
  const run = seal(['one', 'two'], chainAfter(hello))
  const { id, envelope } = hello[0]!
  const base = { id, seq: envelope.seq, at: envelope.at }
  const sent = { directStream: STREAM, base, acknowledged: id, receiverTip: undefined }
  const frame = compactFrame(run, sent) as CompactFrame
  const known = { acknowledged: () => [base], authored: () => [], own: () => [], admitted: () => [] }
  const rebuildIt = (changed: Partial<CompactFrame> = {}): readonly Opened[] => {
    const view = { ...known, directStream: STREAM, author: bob.device }
    const rebuilt = rebuild({ ...frame, ...changed } as CompactFrame, view)
    return rebuilt.ok ? rebuilt.value : []
  }
  expect(await ingest(rebuildIt({ sig: new Uint8Array(64) }))).toEqual(['bad-signature', 'bad-signature'])
  const changed = rebuildIt().map(event => ({ ...event, data: flip(event.data!, 3) }))
  expect(await ingest(changed)).toEqual(['data-not-as-committed', 'data-not-as-committed'])
  expect(await ingest(rebuildIt())).toEqual(['admitted', 'admitted'])
  expect(await stored()).toEqual([...hello, ...run].map(event => event.id))
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
  const again = await openGate({ disk: p.disk.reopen() })
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
    const before = await openGate({ disk: new MemoryDisk({ ignoresSync }) })
    await before.gate.ingest(hello, SOURCE)
    const after = await openGate({ disk: before.disk.crash() })
    return (await all(after.store.read({}))).length
  }
  expect(await story(false)).toBe(1)
  await expect(story(true)).resolves.toBe(0)
})
