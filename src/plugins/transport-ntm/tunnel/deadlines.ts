/**
 * Whose turn comes next: waiters by the time they want to be woken. A waiter may be entered earlier than its real
 * deadline and is then simply asked again, so moving a deadline back costs nothing on the packet path.
 */
import { type Waiter, WakeHeap } from '../wake-heap.ts'

export type { Waiter }

export class Deadlines<W extends Waiter> {
  readonly #heap = new WakeHeap<W>()

  /** When the earliest waiter is due, `undefined` if none waits. */
  get next(): number | undefined {
    return this.#heap.first?.wakeAt
  }

  /** Makes sure that the waiter is woken at `at` or earlier. */
  wakeBy(waiter: W, at: number): void {
    if (waiter.heapIndex >= 0 && waiter.wakeAt <= at) return
    if (at !== Number.POSITIVE_INFINITY) this.#heap.set(waiter, at)
  }

  /** Takes out the earliest waiter if it is due. */
  takeDue(now: number): W | undefined {
    const { first } = this.#heap
    if (first === undefined || first.wakeAt > now) return undefined
    this.#heap.remove(first)
    return first
  }

  remove(waiter: W): void {
    this.#heap.remove(waiter)
  }
}
