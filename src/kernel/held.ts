/**
 * Verified runs that cannot be admitted yet, because something they build on is missing. They live in memory
 * only, are bounded by author, by source and in all, and are never acknowledged: whoever sent them will send
 * them again, so losing one costs time and nothing else.
 */
import type { Opened } from '../events/envelope.ts'
import type { DeviceId, EventId } from '../events/ids.ts'
import { runBytesOf } from '../wire/run.ts'

export interface HeldRun {
  readonly run: readonly Opened[]
  readonly from: DeviceId
  /** What it waits for; empty: for a plugin that knows the stream's law. */
  readonly missing: readonly EventId[]
}

export interface HeldBounds {
  readonly authorEvents: number
  readonly sourceEvents: number
  readonly events: number
  readonly bytes: number
}

/** A window of texts that overtook its first one fits; what an author has beyond that comes again. */
const HELD_BOUNDS: HeldBounds = {
  authorEvents: 256,
  sourceEvents: 1024,
  events: 4096,
  bytes: 8 * 1024 * 1024,
}

interface Held extends HeldRun {
  readonly key: EventId
  readonly author: DeviceId
  readonly seq: number
  readonly bytes: number
}

export class HeldPool {
  readonly #bounds: HeldBounds
  /** By the id of the run's last event, oldest first. */
  readonly #runs = new Map<EventId, Held>()
  readonly #waiting = new Map<EventId, Set<Held>>()
  readonly #byAuthor = new Map<DeviceId, Set<Held>>()
  readonly #bySource = new Map<DeviceId, Set<Held>>()
  #events = 0
  #bytes = 0

  constructor(bounds: HeldBounds = HELD_BOUNDS) {
    this.#bounds = bounds
  }

  get size(): { readonly events: number; readonly bytes: number } {
    return { events: this.#events, bytes: this.#bytes }
  }

  /** Holds the run, perhaps in place of others. False when it was held already; then it takes its own place. */
  hold(held: HeldRun): boolean {
    const last = held.run.at(-1)!
    const { author, seq } = last.envelope
    const bytes = held.run.reduce((sum, event) => sum + runBytesOf(event), 0)
    const entry: Held = { ...held, key: last.id, author, seq, bytes }
    const before = this.#runs.get(entry.key)
    if (before !== undefined) this.#remove(before)
    this.#add(entry)
    this.#evict(entry)
    return before === undefined
  }

  /**
   * Whether a run of somebody else who may write waits for one of these events, perhaps by way of later events
   * of their own author that wait too.
   */
  isCited(ids: Iterable<EventId>, author: DeviceId, mayWrite: (other: DeviceId) => boolean): boolean {
    const asked = new Set(ids)
    for (const id of asked)
      for (const held of this.#waiting.get(id) ?? []) {
        if (held.author !== author && mayWrite(held.author)) return true
        if (held.author === author) for (const later of held.run) asked.add(later.id)
      }
    return false
  }

  /** Takes out everything that waits for one of these events. */
  releaseFor(ids: Iterable<EventId>): readonly HeldRun[] {
    const released = new Set<Held>()
    for (const id of ids) for (const held of this.#waiting.get(id) ?? []) released.add(held)
    for (const held of released) this.#remove(held)
    return [...released]
  }

  /** Takes out everything that waits for a plugin. */
  releaseLawless(): readonly HeldRun[] {
    const released = [...this.#runs.values()].filter(({ missing }) => missing.length === 0)
    for (const held of released) this.#remove(held)
    return released
  }

  #add(entry: Held): void {
    this.#runs.set(entry.key, entry)
    this.#events += entry.run.length
    this.#bytes += entry.bytes
    for (const id of entry.missing) put(this.#waiting, id, entry)
    put(this.#byAuthor, entry.author, entry)
    put(this.#bySource, entry.from, entry)
  }

  #remove(entry: Held): void {
    this.#runs.delete(entry.key)
    this.#events -= entry.run.length
    this.#bytes -= entry.bytes
    for (const id of entry.missing) take(this.#waiting, id, entry)
    take(this.#byAuthor, entry.author, entry)
    take(this.#bySource, entry.from, entry)
  }

  /** The one farthest from its chain's beginning goes first: the nearest is the next that can be admitted. */
  #evict(newest: Held): void {
    const { authorEvents, sourceEvents, events, bytes } = this.#bounds
    const isOver = (): boolean => this.#events > events || this.#bytes > bytes
    this.#shrink(this.#byAuthor.get(newest.author), authorEvents)
    this.#shrink(this.#bySource.get(newest.from), sourceEvents)
    while (isOver()) this.#remove(farthest(largest(this.#bySource)))
  }

  #shrink(group: Set<Held> | undefined, most: number): void {
    if (group === undefined) return
    let count = 0
    for (const { run } of group) count += run.length
    while (count > most) {
      const far = farthest(group)
      count -= far.run.length
      this.#remove(far)
    }
  }
}

function put<K>(index: Map<K, Set<Held>>, key: K, entry: Held): void {
  const group = index.get(key)
  if (group === undefined) index.set(key, new Set([entry]))
  else group.add(entry)
}

function take<K>(index: Map<K, Set<Held>>, key: K, entry: Held): void {
  const group = index.get(key)
  group?.delete(entry)
  if (group?.size === 0) index.delete(key)
}

const farthest = (group: Iterable<Held>): Held => {
  let far: Held | undefined
  for (const held of group) if (far === undefined || held.seq >= far.seq) far = held
  return far!
}

const largest = (index: ReadonlyMap<DeviceId, Set<Held>>): Set<Held> => {
  let most: Set<Held> | undefined
  for (const group of index.values()) if (most === undefined || group.size > most.size) most = group
  return most!
}
