/**
 * Who is to be woken next. A binary heap whose members know their places, so that a wake-up is moved or taken back
 * without a search; whoever waits for nothing is not in it.
 */
export interface Waiter {
  /** Position in the heap, -1 outside; owned by the heap, as is the other. */
  heapIndex: number
  wakeAt: number
}

export class WakeHeap<T extends Waiter> {
  readonly #heap: T[] = []

  get first(): T | undefined {
    return this.#heap[0]
  }

  /** undefined: not at all. */
  set(waiter: T, atMs: number | undefined): void {
    if (atMs === undefined) this.remove(waiter)
    else if (waiter.heapIndex < 0) {
      waiter.wakeAt = atMs
      this.#put(this.#heap.length, waiter)
      this.#rise(waiter)
    } else if (atMs < waiter.wakeAt) {
      waiter.wakeAt = atMs
      this.#rise(waiter)
    } else if (atMs > waiter.wakeAt) {
      waiter.wakeAt = atMs
      this.#sink(waiter)
    }
  }

  remove(waiter: T): void {
    const at = waiter.heapIndex
    if (at < 0) return
    waiter.heapIndex = -1
    const last = this.#heap.pop()!
    if (last === waiter) return
    this.#put(at, last)
    this.#rise(last)
    this.#sink(last)
  }

  #put(at: number, waiter: T): void {
    this.#heap[at] = waiter
    waiter.heapIndex = at
  }

  #rise(waiter: T): void {
    let at = waiter.heapIndex
    while (at > 0) {
      const above = this.#heap[(at - 1) >>> 1]!
      if (above.wakeAt <= waiter.wakeAt) break
      const place = above.heapIndex
      this.#put(at, above)
      at = place
    }
    this.#put(at, waiter)
  }

  #sink(waiter: T): void {
    let at = waiter.heapIndex
    for (;;) {
      let below = this.#heap[2 * at + 1]
      const right = this.#heap[2 * at + 2]
      if (right !== undefined && below !== undefined && right.wakeAt < below.wakeAt) below = right
      if (below === undefined || below.wakeAt >= waiter.wakeAt) break
      const place = below.heapIndex
      this.#put(at, below)
      at = place
    }
    this.#put(at, waiter)
  }
}
