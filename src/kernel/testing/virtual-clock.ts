/**
 * Time that moves only when told. All homes of a world and the network between them put what they will do later
 * into this one queue, so that a run depends on nothing but its seed.
 */
import type { Clock } from '../api/index.ts'

interface Due {
  readonly atMs: number
  /** Breaks ties: what was asked first happens first. */
  readonly order: number
  run: (() => void) | undefined
}

const before = (a: Due, b: Due): boolean => a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order)

/**
 * No delay is shorter, but none at all. After hours of virtual time a step can be too small for the number that counts
 * them; whoever waits for such a rest would see the same moment for ever.
 */
const LEAST_DELAY_MS = 0.001

/** Where virtual time starts: 2026-01-01, so that timestamps look like timestamps. */
export const VIRTUAL_EPOCH_MS = Date.UTC(2026, 0, 1)

export class VirtualClock implements Clock {
  /** A binary heap: the earliest first. */
  readonly #heap: Due[] = []
  #order = 0
  #nowMs = 0

  now(): number {
    return VIRTUAL_EPOCH_MS + Math.floor(this.#nowMs)
  }

  monotonicMs(): number {
    return this.#nowMs
  }

  after(delayMs: number, run: () => void): () => void {
    const laterMs = delayMs > 0 ? Math.max(LEAST_DELAY_MS, delayMs) : 0
    const due: Due = { atMs: this.#nowMs + laterMs, order: this.#order++, run }
    this.#push(due)
    return () => {
      due.run = undefined
    }
  }

  /** When the next thing is due; undefined when nothing is. */
  nextAtMs(): number | undefined {
    this.#dropCancelled()
    return this.#heap[0]?.atMs
  }

  /** Moves to the next thing due and does it. False when nothing is due by then. */
  step(untilMs = Number.POSITIVE_INFINITY): boolean {
    const atMs = this.nextAtMs()
    if (atMs === undefined || atMs > untilMs) {
      if (Number.isFinite(untilMs)) this.#nowMs = Math.max(this.#nowMs, untilMs)
      return false
    }
    this.#nowMs = atMs
    this.#pop()?.run?.()
    return true
  }

  #dropCancelled(): void {
    while (this.#heap.length > 0 && this.#heap[0]?.run === undefined) this.#pop()
  }

  #push(due: Due): void {
    const heap = this.#heap
    let at = heap.push(due) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!before(due, heap[parent]!)) break
      heap[at] = heap[parent]!
      at = parent
    }
    heap[at] = due
  }

  #pop(): Due | undefined {
    const heap = this.#heap
    const first = heap[0]
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return first
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child += 1
      if (!before(heap[child]!, last)) break
      heap[at] = heap[child]!
      at = child
    }
    heap[at] = last
    return first
  }
}

/**
 * One home's view of the common time: its wall clock may be wrong, and its timers die with it. While its machine sleeps
 * the wall clock goes on and the other stands still, as on Linux; timers fire late by as much.
 */
export class HomeClock implements Clock {
  readonly #clock: Clock
  readonly #skewMs: number
  #alive = true
  #sleptMs = 0
  #asleepSinceMs: number | undefined
  /** What came due while it slept, to be armed anew. */
  readonly #waiting = new Set<() => void>()

  constructor(clock: Clock, skewMs = 0) {
    this.#clock = clock
    this.#skewMs = skewMs
  }

  now(): number {
    return this.#clock.now() + this.#skewMs
  }

  monotonicMs(): number {
    return (this.#asleepSinceMs ?? this.#clock.monotonicMs()) - this.#sleptMs
  }

  after(delayMs: number, run: () => void): () => void {
    const dueMs = this.monotonicMs() + Math.max(0, delayMs)
    const armedMs = this.#sleptMs
    let cancel = (): void => {}
    const again = (): void => {
      this.#waiting.delete(again)
      cancel = this.after(dueMs - this.monotonicMs(), run)
    }
    const fire = (): void => {
      if (!this.#alive) return
      if (this.#asleepSinceMs !== undefined) this.#waiting.add(again)
      else if (this.#sleptMs !== armedMs) again()
      else run()
    }
    const cancelFirst = this.#clock.after(delayMs, fire)
    return () => {
      this.#waiting.delete(again)
      cancelFirst()
      cancel()
    }
  }

  sleep(): void {
    this.#asleepSinceMs ??= this.#clock.monotonicMs()
  }

  wake(): void {
    if (this.#asleepSinceMs === undefined) return
    this.#sleptMs += this.#clock.monotonicMs() - this.#asleepSinceMs
    this.#asleepSinceMs = undefined
    for (const again of [...this.#waiting]) again()
  }

  /** What was armed never happens: the home lost its power. */
  kill(): void {
    this.#alive = false
  }
}
