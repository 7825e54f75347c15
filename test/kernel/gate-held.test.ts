/** What the gate holds: out of order, unsigned as yet, not understood; bounded, never answered as admitted. */
import { beforeEach, expect, test } from 'vitest'
import type { Opened } from '../../src/events/envelope.ts'
import { type EventId, NO_STREAM } from '../../src/events/ids.ts'
import { sealRun } from '../../src/wire/seal.ts'
import { chainAfter, idOf, START } from '../support/sealing.ts'
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
import { OPEN_LAW } from './support/path.ts'

let p: AtGate
let hello: Opened[]
beforeEach(async () => {
  const known = await gateThatKnowsBob()
  ;[p, hello] = [known, known.hello]
})
const ingest: AtGate['ingest'] = (...asked) => p.ingest(...asked)
const stored: AtGate['stored'] = () => p.stored()

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
  p = await openGate({ contributes: {} })
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
  p = await openGate({ contributes: { rule: [broken] } })
  expect(await ingest(introduce())).toEqual(['held'])
  expect(p.house.fences.get('law')?.failures).toBeGreaterThan(0)
})
