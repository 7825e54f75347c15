/**
 * What an event says, by those who own its type. The gate judges who wrote an event and never what it says, so
 * this is where strangers' data meets a shape: whatever does not have it is nothing to its readers.
 */
import type { Opened } from '../events/envelope.ts'
import { upcast } from '../events/upcast.ts'
import { readData } from '../wire/msgpack.ts'
import type { EventData } from './api/index.ts'
import type { Contributed, LiveContributions } from './contributions.ts'

export class EventTypes implements EventData {
  readonly #contributions: LiveContributions
  #kinds: ReadonlyMap<string, Contributed<'event'>> | undefined

  constructor(contributions: LiveContributions) {
    this.#contributions = contributions
    contributions.changed$.subscribe(() => (this.#kinds = undefined))
  }

  of({ envelope, data }: Opened): unknown {
    const owned = this.#kindOf(envelope.type)
    const read = data === undefined ? undefined : readData(data)
    if (owned === undefined || !read?.ok) return undefined
    const { fence, value: kind } = owned
    return fence.guard(`reading ${kind.type}`, () => {
      const newest = upcast(kind.upcasters ?? {}, { rev: envelope.rev, data: read.value })
      return newest.rev === kind.rev && kind.accepts(newest.data) ? newest.data : undefined
    })
  }

  #kindOf(type: string): Contributed<'event'> | undefined {
    this.#kinds ??= new Map(this.#contributions.owned('event').map(owned => [owned.value.type, owned]))
    return this.#kinds.get(type)
  }
}
