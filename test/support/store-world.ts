/** Short ways to fill and read a log in tests. */
import type { Opened, Recorded } from '../../src/events/envelope.ts'
import type { Arrival } from '../../src/store/append-plan.ts'

export const own = (events: readonly Opened[]): Arrival[] =>
  events.map(event => ({ event, receivedAt: event.envelope.at, via: 'self' }))

export const foreign = (events: readonly Opened[]): Arrival[] =>
  events.map(event => ({ event, receivedAt: event.envelope.at + 5, via: event.envelope.author }))

export async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const item of items) found.push(item)
  return found
}

export const idsOf = (records: readonly Recorded[]): string[] => records.map(({ event }) => event.id)
