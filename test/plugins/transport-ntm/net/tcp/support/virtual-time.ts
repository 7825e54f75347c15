/**
 * Virtual time for the link model: a heap of what happens when. Hours pass in seconds, and always the same way.
 */

interface Happening {
  readonly atMs: number
  /** What was planned first happens first. */
  readonly order: number
  readonly happen: () => void
}

const isBefore = (a: Happening, b: Happening): boolean =>
  a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order)

export class VirtualTime {
  nowMs = 0
  #order = 0
  readonly #heap: Happening[] = []

  at(atMs: number, happen: () => void): void {
    const heap = this.#heap
    const planned = { atMs: Math.max(atMs, this.nowMs), order: this.#order++, happen }
    let here = heap.length
    heap.push(planned)
    while (here > 0) {
      const parent = (here - 1) >> 1
      if (!isBefore(planned, heap[parent]!)) break
      heap[here] = heap[parent]!
      here = parent
    }
    heap[here] = planned
  }

  /** Until this moment, or until nothing is planned any more. */
  runUntil(endMs: number): void {
    for (let next = this.#heap[0]; next !== undefined && next.atMs <= endMs; next = this.#heap[0]) {
      this.#takeFirst()
      this.nowMs = next.atMs
      next.happen()
    }
    this.nowMs = endMs
  }

  #takeFirst(): void {
    const heap = this.#heap
    const last = heap.pop()!
    if (heap.length === 0) return
    let here = 0
    for (;;) {
      let child = 2 * here + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++
      if (!isBefore(heap[child]!, last)) break
      heap[here] = heap[child]!
      here = child
    }
    heap[here] = last
  }
}
