/**
 * The newest events of one conversation, found by the prefix that frames cite them by. Bounded: an event that
 * fell out can no longer be cited by a prefix, and is then asked for whole.
 */
import type { EventId } from '../../../events/ids.ts'
import type { Base } from '../../../wire/compact.ts'
import { type IdPrefix, prefixOf } from '../../../wire/frame.ts'
import { OWN_RECENT_MAX, RECENT_MAX } from './limits.ts'

/**
 * A map that forgets what was put in long ago: it has two halves, and when the newer one is full the older one
 * goes as a whole, which costs nothing an entry.
 */
export class Recent<V> {
  #newer = new Map<IdPrefix, V>()
  #older = new Map<IdPrefix, V>()
  readonly #most: number

  constructor(most = RECENT_MAX) {
    this.#most = most
  }

  get(prefix: IdPrefix): V | undefined {
    return this.#newer.get(prefix) ?? this.#older.get(prefix)
  }

  put(prefix: IdPrefix, value: V): void {
    this.#newer.set(prefix, value)
    if (this.#newer.size < this.#most) return
    this.#older = this.#newer
    this.#newer = new Map()
  }
}

/** Admitted events of everybody in one stream, and this device's own newest ones apart. */
export class RecentEvents {
  readonly #admitted = new Recent<EventId>()
  readonly #own: EventId[] = []

  add(id: EventId, isOwn: boolean): void {
    this.#admitted.put(prefixOf(id), id)
    if (!isOwn || this.#own.includes(id)) return
    this.#own.unshift(id)
    if (this.#own.length > OWN_RECENT_MAX) this.#own.pop()
  }

  admitted(prefix: IdPrefix): readonly EventId[] {
    const id = this.#admitted.get(prefix)
    return id === undefined ? [] : [id]
  }

  /** Newest first. */
  own(): readonly EventId[] {
    return this.#own
  }
}

export const baseOf = (event: { id: EventId; envelope: { seq: number; at: number } }): Base => ({
  id: event.id,
  seq: event.envelope.seq,
  at: event.envelope.at,
})
