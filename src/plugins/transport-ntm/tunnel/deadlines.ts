/**
 * Whose turn comes next: a binary heap of waiters by the time they want to be woken. A waiter may be entered
 * earlier than its real deadline and is then simply asked again, so moving a deadline back costs nothing on the
 * packet path.
 */

export interface Waiter {
  /** When the heap will wake this waiter; owned by the heap. */
  wakeAt: number
  /** Position in the heap, -1 outside; owned by the heap. */
  heapIndex: number
}

export class Deadlines<W extends Waiter> {
  readonly #heap: W[] = []

  /** When the earliest waiter is due, `undefined` if none waits. */
  get next(): number | undefined {
    return this.#heap[0]?.wakeAt
  }

  /** Makes sure that the waiter is woken at `at` or earlier. */
  wakeBy(waiter: W, at: number): void {
    if (waiter.heapIndex >= 0 && waiter.wakeAt <= at) return
    if (at === Number.POSITIVE_INFINITY) return
    waiter.wakeAt = at
    if (waiter.heapIndex < 0) waiter.heapIndex = this.#heap.push(waiter) - 1
    this.#rise(waiter)
  }

  /** Takes out the earliest waiter if it is due. */
  takeDue(now: number): W | undefined {
    const first = this.#heap[0]
    if (first === undefined || first.wakeAt > now) return undefined
    this.remove(first)
    return first
  }

  remove(waiter: W): void {
    const at = waiter.heapIndex
    if (at < 0) return
    const last = this.#heap.pop()!
    if (last !== waiter) {
      this.#put(last, at)
      this.#rise(last)
      this.#sink(last)
    }
    waiter.heapIndex = -1
  }

  #put(waiter: W, at: number): void {
    this.#heap[at] = waiter
    waiter.heapIndex = at
  }

  #rise(waiter: W): void {
    while (waiter.heapIndex > 0) {
      const at = waiter.heapIndex
      const parent = this.#heap[(at - 1) >> 1]!
      if (parent.wakeAt <= waiter.wakeAt) return
      this.#put(waiter, parent.heapIndex)
      this.#put(parent, at)
    }
  }

  #sink(waiter: W): void {
    for (;;) {
      const at = waiter.heapIndex
      const left = this.#heap[2 * at + 1]
      const right = this.#heap[2 * at + 2]
      const child = right !== undefined && right.wakeAt < left!.wakeAt ? right : left
      if (child === undefined || child.wakeAt >= waiter.wakeAt) return
      this.#put(waiter, child.heapIndex)
      this.#put(child, at)
    }
  }
}
