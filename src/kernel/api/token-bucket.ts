/**
 * A bound on how much of something is done: `burst` at once, then `perSecond`. Time is an argument, so the same
 * bucket runs in virtual time.
 */
export class TokenBucket {
  readonly #perSecond: number
  readonly #burst: number
  #tokens: number
  #atMs = Number.NEGATIVE_INFINITY

  constructor(perSecond: number, burst: number) {
    this.#perSecond = perSecond
    this.#burst = burst
    this.#tokens = burst
  }

  /** Whether so many more are allowed now. A clock that steps back fills nothing. */
  take(nowMs: number, count = 1): boolean {
    if (!this.has(nowMs, count)) return false
    this.#tokens -= count
    return true
  }

  /** Whether so many more would be allowed now. */
  has(nowMs: number, count = 1): boolean {
    const earned = (Math.max(0, nowMs - this.#atMs) * this.#perSecond) / 1000
    this.#tokens = Math.min(this.#burst, this.#tokens + earned)
    this.#atMs = nowMs
    return this.#tokens >= count
  }

  /** Whether it is as if nothing had ever been taken. */
  isFull(nowMs: number): boolean {
    return this.has(nowMs, this.#burst)
  }
}
