/**
 * How long to wait for an acknowledgement, from round trips measured on this path (RFC 6298). Only frames that
 * were sent once are measured (Karn), and each expiry doubles the wait until something is acknowledged again.
 */
import { RTO_FIRST_MS, RTO_MAX_MS, RTO_MIN_MS } from './limits.ts'

const ALPHA = 1 / 8
const BETA = 1 / 4
const VARIATIONS = 4

export class RoundTrip {
  #smoothedMs: number | undefined
  #variationMs = 0
  #backOff = 1

  /** How long one takes, as far as is known; before anything was measured the least wait. */
  get guessMs(): number {
    return this.#smoothedMs ?? RTO_MIN_MS
  }

  get timeoutMs(): number {
    const measured =
      this.#smoothedMs === undefined ? RTO_FIRST_MS : this.#smoothedMs + VARIATIONS * this.#variationMs
    return Math.min(RTO_MAX_MS, Math.max(RTO_MIN_MS, measured) * this.#backOff)
  }

  measured(rttMs: number): void {
    if (this.#smoothedMs === undefined) {
      this.#smoothedMs = rttMs
      this.#variationMs = rttMs / 2
      return
    }
    const error = Math.abs(this.#smoothedMs - rttMs)
    this.#variationMs = (1 - BETA) * this.#variationMs + BETA * error
    this.#smoothedMs = (1 - ALPHA) * this.#smoothedMs + ALPHA * rttMs
  }

  expired(): void {
    if (this.timeoutMs < RTO_MAX_MS) this.#backOff *= 2
  }

  progressed(): void {
    this.#backOff = 1
  }
}
