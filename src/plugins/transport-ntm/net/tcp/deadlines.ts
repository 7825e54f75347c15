/**
 * How long a connection waits before it gives up, and when it asks whether the peer is still there. Each deadline
 * follows from what happened last, so nothing has to be armed or taken back on the way of a segment.
 */
import {
  CONNECT_TIMEOUT_MS,
  KEEPALIVE_GAP_MS,
  KEEPALIVE_PROBES,
  ORPHAN_TIMEOUT_MS,
  USER_TIMEOUT_MS,
} from './limits.ts'

/** What a deadline calls for. */
export type Expiry = 'give-up' | 'probe' | 'forget'

/** What the connection looks like. */
export interface Standing {
  readonly isOpening: boolean
  /** Something is written, or the FIN, that is not yet acknowledged. */
  readonly isOwed: boolean
}

export class Deadlines {
  readonly #openedMs: number
  readonly #keepaliveMs: number | undefined
  #heardMs: number
  /** What is owed made progress, or nothing was owed. */
  #progressMs: number
  #forsakenMs: number | undefined
  #probes = 0
  #probedMs = 0

  constructor(nowMs: number, keepaliveMs: number | undefined) {
    this.#openedMs = nowMs
    this.#heardMs = nowMs
    this.#progressMs = nowMs
    this.#keepaliveMs = keepaliveMs
  }

  heard(nowMs: number): void {
    this.#heardMs = nowMs
    this.#probes = 0
  }

  progressed(nowMs: number): void {
    this.#progressMs = nowMs
  }

  /** It is an orphan from now on, and no answer of the peer's may keep it: nobody is there who could give it up. */
  forsaken(nowMs: number): void {
    this.#forsakenMs = nowMs
  }

  probed(nowMs: number): void {
    this.#probes++
    this.#probedMs = nowMs
  }

  nextAt(standing: Standing): number | undefined {
    if (standing.isOpening) return this.#openedMs + CONNECT_TIMEOUT_MS
    if (standing.isOwed) return (this.#forsakenMs ?? this.#progressMs) + USER_TIMEOUT_MS
    // Only the peer's FIN is missing.
    if (this.#forsakenMs !== undefined)
      return Math.max(this.#forsakenMs, this.#progressMs) + ORPHAN_TIMEOUT_MS
    if (this.#keepaliveMs === undefined) return undefined
    return this.#probes === 0 ? this.#heardMs + this.#keepaliveMs : this.#probedMs + KEEPALIVE_GAP_MS
  }

  /** What is due now. */
  expired(standing: Standing, nowMs: number): Expiry | undefined {
    const at = this.nextAt(standing)
    if (at === undefined || at > nowMs) return undefined
    if (standing.isOpening || standing.isOwed) return 'give-up'
    if (this.#forsakenMs !== undefined) return 'forget'
    return this.#probes >= KEEPALIVE_PROBES ? 'give-up' : 'probe'
  }
}
