/**
 * How long an answer takes and how long it is waited for: smoothed round trip, its variation and the retransmission
 * timeout of RFC 6298. The minimum that loss detection needs is kept here, too.
 */

/** RFC 6298 §2.1. */
const FIRST_RTO_MS = 1_000
/** RFC 6298 §5.7: a first one that has run out was too short, and what answers a segment sent twice measures nothing. */
const SECOND_RTO_MS = 3_000
/**
 * Least margin above the round trip. RFC 6298 §2.4 asks for a second in all; every system in use has this, which is
 * what a delayed ACK takes. A queue that fills makes round trips grow faster than their variation is learned.
 */
const MARGIN_MIN_MS = 200
const RTO_MAX_MS = 60_000
/** A minimum is forgotten after one to two of these. */
const MINIMUM_AGE_MS = 30_000

export class RoundTrips {
  srttMs: number | undefined
  rttVarMs: number | undefined
  #backoff = 0
  #guessMs = FIRST_RTO_MS
  #isAnew = false
  #minimumMs = Number.POSITIVE_INFINITY
  #formerMinimumMs = Number.POSITIVE_INFINITY
  #minimumSinceMs = 0

  /**
   * `samplesPerRound` is how many such samples one round trip brings: each weighs less, or the memory would be a
   * few packets long (RFC 7323, appendix G).
   */
  sample(rttMs: number, samplesPerRound: number, nowMs: number): void {
    this.#keepMinimum(rttMs, nowMs)
    if (this.srttMs === undefined || this.rttVarMs === undefined || this.#isAnew) {
      this.#isAnew = false
      this.srttMs = rttMs
      this.rttVarMs = rttMs / 2
      return
    }
    const share = 1 / Math.max(1, samplesPerRound)
    this.rttVarMs += (share / 4) * (Math.abs(this.srttMs - rttMs) - this.rttVarMs)
    this.srttMs += (share / 8) * (rttMs - this.srttMs)
  }

  /** Infinity before the first sample. */
  get minRttMs(): number {
    return Math.min(this.#minimumMs, this.#formerMinimumMs)
  }

  /** Without backoff. */
  get #plainRtoMs(): number {
    if (this.srttMs === undefined || this.rttVarMs === undefined) return this.#guessMs
    return this.srttMs + Math.max(MARGIN_MIN_MS, 4 * this.rttVarMs)
  }

  get rtoMs(): number {
    return Math.min(RTO_MAX_MS, this.#plainRtoMs * 2 ** this.#backoff)
  }

  backOff(): void {
    if (this.rtoMs < RTO_MAX_MS) this.#backoff++
  }

  /** An ACK brought something new (RFC 6298 §5.7 by way of a new sample). */
  heard(): void {
    if (this.#backoff > 0) this.#guessMs = SECOND_RTO_MS
    this.#backoff = 0
  }

  /** The next sample stands for itself. Until it comes, what was known is better than nothing. */
  startAnew(): void {
    this.#isAnew = true
    this.#backoff = 0
    this.#minimumMs = Number.POSITIVE_INFINITY
    this.#formerMinimumMs = Number.POSITIVE_INFINITY
  }

  #keepMinimum(rttMs: number, nowMs: number): void {
    if (nowMs - this.#minimumSinceMs > MINIMUM_AGE_MS) {
      this.#formerMinimumMs = this.#minimumMs
      this.#minimumMs = rttMs
      this.#minimumSinceMs = nowMs
    }
    this.#minimumMs = Math.min(this.#minimumMs, rttMs)
  }
}
