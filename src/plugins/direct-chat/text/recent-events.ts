/**
 * The newest events of one conversation, found by the prefix that frames cite them by. Bounded: an event that
 * fell out can no longer be cited by a prefix, and is then asked for whole.
 */
import type { EventId } from '../../../events/ids.ts'
import type { Base } from '../../../wire/compact.ts'
import { type IdPrefix, prefixOf } from '../../../wire/frame.ts'
import { OWN_RECENT_MAX, RECENT_MAX } from './limits.ts'

/** A map that forgets what was put in first. */
export class Recent<V> {
  readonly #values = new Map<IdPrefix, V>()
  readonly #most: number

  constructor(most = RECENT_MAX) {
    this.#most = most
  }

  get(prefix: IdPrefix): V | undefined {
    return this.#values.get(prefix)
  }

  put(prefix: IdPrefix, value: V): void {
    this.#values.set(prefix, value)
    if (this.#values.size <= this.#most) return
    for (const oldest of this.#values.keys()) {
      this.#values.delete(oldest)
      return
    }
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
