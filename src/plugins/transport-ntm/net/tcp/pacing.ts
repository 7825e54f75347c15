/**
 * When the next segment may leave so that the sum keeps a rate. Timers are good for a millisecond, so about one
 * millisecond's worth leaves at a time, and a wake-up that comes late is made good.
 */

/** So much may leave ahead of the rate, which makes the bursts that a socket sends with one call. */
const AHEAD_MS = 0.75
/** So much of a pause is made good. Longer ones were idleness, and their credit would be a burst. */
const CATCH_UP_MS = 5

export class Pacing {
  #freeAtMs = 0
  #isWaiting = false

  allows(nowMs: number): boolean {
    if (this.#isWaiting && nowMs < this.#freeAtMs) return false
    this.#isWaiting = false
    return true
  }

  /** The process woke up so late that some of what could have left by now cannot be made good. */
  isOverslept(nowMs: number): boolean {
    return nowMs - this.#freeAtMs > CATCH_UP_MS
  }

  sent(bytes: number, bytesPerMs: number, nowMs: number): void {
    this.#freeAtMs = Math.max(this.#freeAtMs, nowMs - CATCH_UP_MS) + bytes / bytesPerMs
    this.#isWaiting = this.#freeAtMs >= nowMs + AHEAD_MS
  }

  /** When `allows` will say yes. */
  get freeAtMs(): number {
    return this.#freeAtMs
  }

  forget(): void {
    this.#freeAtMs = 0
    this.#isWaiting = false
  }
}
