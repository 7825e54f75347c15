/**
 * The order in which a set of events is shown: Kahn's algorithm over `prev` and `seen`, ties broken by
 * (at, id). It depends on the set alone, so every device shows the same timeline whatever order it heard things
 * in. Authority never asks this order.
 */
import type { EventId, Millis } from './ids.ts'

/** What ordering needs to know of an event; an Envelope with its id will do. */
export interface Orderable {
  readonly id: EventId
  readonly prev: EventId | undefined
  readonly seen: readonly EventId[]
  readonly at: Millis
}

const precedes = (a: Orderable, b: Orderable): boolean => (a.at === b.at ? a.id < b.id : a.at < b.at)

/** A binary heap that gives the event of least (at, id). */
class ReadySet<E extends Orderable> {
  readonly #heap: E[] = []

  add(event: E): void {
    const heap = this.#heap
    let at = heap.length
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (precedes(heap[parent]!, event)) break
      heap[at] = heap[parent]!
      at = parent
    }
    heap[at] = event
  }

  take(): E | undefined {
    const heap = this.#heap
    const least = heap[0]
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return least
    let at = 0
    for (let child = 1; child < heap.length; child = 2 * at + 1) {
      if (child + 1 < heap.length && precedes(heap[child + 1]!, heap[child]!)) child += 1
      if (precedes(last, heap[child]!)) break
      heap[at] = heap[child]!
      at = child
    }
    heap[at] = last
    return least
  }
}

const citations = (event: Orderable): readonly EventId[] =>
  event.prev === undefined ? event.seen : [event.prev, ...event.seen]

/**
 * The events in timeline order, each once. Ids outside the list count as already shown. O(n log n). Events that
 * cite each other in a circle, which hashes rule out, are left out.
 */
export function order<E extends Orderable>(events: readonly E[]): E[] {
  const byId = new Map(events.map(event => [event.id, event]))
  const waiting = new Map<EventId, number>()
  const citedBy = new Map<EventId, E[]>()
  const ready = new ReadySet<E>()
  for (const event of byId.values()) {
    const within = citations(event).filter(id => byId.has(id))
    if (within.length === 0) ready.add(event)
    else waiting.set(event.id, within.length)
    for (const id of within) {
      const citing = citedBy.get(id)
      if (citing === undefined) citedBy.set(id, [event])
      else citing.push(event)
    }
  }
  const ordered: E[] = []
  for (let event = ready.take(); event !== undefined; event = ready.take()) {
    ordered.push(event)
    for (const citing of citedBy.get(event.id) ?? []) {
      const left = waiting.get(citing.id)! - 1
      waiting.set(citing.id, left)
      if (left === 0) ready.add(citing)
    }
  }
  return ordered
}
