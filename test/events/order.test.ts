/** The timeline depends on the set of events alone, and never shows an answer before its question. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { EventId } from '../../src/events/ids.ts'
import { type Orderable, order } from '../../src/events/order.ts'

const id = (name: string): EventId => name as EventId

const event = (name: string, at: number, prev?: string, ...seen: string[]): Orderable => ({
  id: id(name),
  at,
  prev: prev === undefined ? undefined : id(prev),
  seen: seen.map(id),
})

const shown = (events: readonly Orderable[]): string =>
  order(events)
    .map(given => given.id)
    .join(' ')

/** Random histories: each event cites some earlier ones. */
const history: fc.Arbitrary<Orderable[]> = fc
  .array(fc.record({ at: fc.nat({ max: 5 }), cites: fc.array(fc.nat(), { maxLength: 4 }) }), {
    maxLength: 40,
  })
  .map(list =>
    list.map(({ at, cites }, index) => {
      const [prev, ...seen] = index === 0 ? [] : cites.map(cite => String(cite % index))
      return event(String(index), at, prev, ...new Set(seen.filter(name => name !== prev)))
    }),
  )

/** The definition, word for word and slowly: again and again the least ready event by (at, id). */
function slowly(events: readonly Orderable[]): string[] {
  const ids = new Set(events.map(given => given.id))
  const done: EventId[] = []
  for (;;) {
    const isReady = (given: Orderable) =>
      !done.includes(given.id) &&
      [given.prev, ...given.seen].every(cite => cite === undefined || !ids.has(cite) || done.includes(cite))
    const [least] = events.filter(isReady).sort((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1))
    if (least === undefined) return done
    done.push(least.id)
  }
}

describe('order', () => {
  it('follows causes before clocks', () => {
    expect(shown([event('answer', 1, undefined, 'question'), event('question', 9)])).toBe('question answer')
    expect(shown([event('b', 1, 'a'), event('a', 5)])).toBe('a b')
  })

  it('breaks ties by clock, then by id', () => {
    expect(shown([event('c', 2), event('b', 1), event('a', 1)])).toBe('a b c')
  })

  it('takes what lies outside the list for shown', () => {
    expect(shown([event('b', 2, 'gone', 'gone too'), event('a', 3)])).toBe('b a')
  })

  it('shows each event once, leaves out circles, and takes an empty list', () => {
    expect(shown([event('a', 1), event('a', 1)])).toBe('a')
    expect(shown([event('a', 1, 'b'), event('b', 1, 'a'), event('c', 1)])).toBe('c')
    expect(shown([])).toBe('')
  })

  it('is what the definition says, for any history in any order of arrival', () => {
    fc.assert(
      fc.property(history, fc.infiniteStream(fc.nat()), (events, picks) => {
        const keyed = events.map(given => [picks.next().value, given] as const)
        const shuffled = Object.freeze(keyed.sort((a, b) => a[0] - b[0]).map(([, given]) => given))
        expect(order(shuffled).map(given => given.id)).toEqual(slowly(events))
      }),
      { numRuns: 300 },
    )
  })

  it('orders 20,000 concurrent events without slowing down out of proportion', () => {
    const events = Array.from({ length: 20_000 }, (_, index) => event(String(index), (index * 7919) % 20_000))
    const ordered = order(events)
    expect(ordered).toHaveLength(20_000)
    expect(ordered.every((given, index) => index === 0 || ordered[index - 1]!.at <= given.at)).toBe(true)
  })
})
