/** What waits in memory stays within its bounds, whoever sends it, and what is needed next stays longest. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Opened } from '../../src/events/envelope.ts'
import type { DeviceId, EventId } from '../../src/events/ids.ts'
import { HeldPool } from '../../src/kernel/held.ts'
import { fuzzRuns } from '../support/fuzz.ts'
import { chainAfter, deviceOf, idOf, sealTexts } from '../support/sealing.ts'

const BOUNDS = { authorEvents: 4, sourceEvents: 6, events: 10, bytes: 100_000 }
const sourceOf = (number: number): DeviceId => deviceOf(100 + number).device

/** Chains of single events by five authors. */
const chains = Array.from({ length: 5 }, (_, author) => {
  const events: Opened[] = []
  for (let at = 0; at < 12; at += 1) {
    const chain = at === 0 ? undefined : chainAfter(events)
    events.push(...sealTexts([`${author} ${at}`], chain, deviceOf(author + 1)))
  }
  return events
})
const missingOf = (event: Opened): readonly EventId[] => [event.envelope.prev ?? idOf<EventId>(1)]

const action = fc.record({
  author: fc.nat(4),
  at: fc.nat(11),
  source: fc.nat(2),
  release: fc.boolean(),
})

test('no bound is ever passed, and what was released is gone', () => {
  fc.assert(
    fc.property(fc.array(action, { maxLength: 120 }), actions => {
      const pool = new HeldPool(BOUNDS)
      for (const { author, at, source, release } of actions) {
        const event = chains[author]![at]!
        if (release) {
          for (const { missing } of pool.releaseFor(missingOf(event)))
            expect(missing).toEqual(missingOf(event))
          expect(pool.releaseFor(missingOf(event))).toEqual([])
        } else pool.hold({ run: [event], from: sourceOf(source), missing: missingOf(event) })
        expect(pool.size.events).toBeLessThanOrEqual(BOUNDS.events)
      }
      const all = chains.flat().flatMap(event => pool.releaseFor(missingOf(event)))
      const count = (of: (held: (typeof all)[number]) => DeviceId): number[] => [
        ...all
          .reduce((counts, held) => counts.set(of(held), (counts.get(of(held)) ?? 0) + 1), new Map())
          .values(),
      ]
      expect(Math.max(0, ...count(({ run }) => run[0]!.envelope.author))).toBeLessThanOrEqual(
        BOUNDS.authorEvents,
      )
      expect(Math.max(0, ...count(({ from }) => from))).toBeLessThanOrEqual(BOUNDS.sourceEvents)
      expect(pool.size).toEqual({ events: 0, bytes: 0 })
    }),
    { numRuns: fuzzRuns(300) },
  )
})

test('of one author the farthest goes first', () => {
  const pool = new HeldPool(BOUNDS)
  const chain = chains[0]!
  for (const event of chain.slice(1, 9))
    pool.hold({ run: [event], from: sourceOf(0), missing: missingOf(event) })
  const left = chain.flatMap(event => pool.releaseFor(missingOf(event)))
  expect(left.map(({ run }) => run[0]!.envelope.seq)).toEqual([1, 2, 3, 4])
})

test('bytes are bounded too, and the source that holds most pays', () => {
  const pool = new HeldPool({ ...BOUNDS, bytes: 1_500 })
  const [one, other] = [chains[0]!, chains[1]!]
  for (const event of one.slice(1, 5))
    pool.hold({ run: [event], from: sourceOf(0), missing: missingOf(event) })
  pool.hold({ run: [other[1]!], from: sourceOf(1), missing: missingOf(other[1]!) })
  expect(pool.size.bytes).toBeLessThanOrEqual(1_500)
  expect(pool.releaseFor(missingOf(other[1]!))).toHaveLength(1)
})

test('the same run again is not held twice', () => {
  const pool = new HeldPool(BOUNDS)
  const held = { run: [chains[0]![1]!], from: sourceOf(0), missing: missingOf(chains[0]![1]!) }
  expect([pool.hold(held), pool.hold(held)]).toEqual([true, false])
  expect(pool.size.events).toBe(1)
})
