/**
 * How many datagrams may be in flight to one device (RFC 5681): it grows with what is acknowledged, first by
 * as much, then by one a window, and is halved when something was lost, once per round trip.
 */
import { WINDOW_FIRST, WINDOW_MAX, WINDOW_MIN } from './limits.ts'

export class CongestionWindow {
  #size = WINDOW_FIRST
  #threshold = WINDOW_MAX
  #calmUntilMs = Number.NEGATIVE_INFINITY

  get size(): number {
    return Math.floor(this.#size)
  }

  acknowledged(datagrams: number): void {
    const growth = this.#size < this.#threshold ? datagrams : datagrams / this.#size
    this.#size = Math.min(WINDOW_MAX, this.#size + growth)
  }

  /** Losses within one round trip of a halving are the same loss. */
  lost(nowMs: number, roundTripMs: number): void {
    if (nowMs < this.#calmUntilMs) return
    this.#calmUntilMs = nowMs + roundTripMs
    this.#threshold = Math.max(WINDOW_MIN, this.#size / 2)
    this.#size = this.#threshold
  }
}
