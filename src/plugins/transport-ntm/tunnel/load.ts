/**
 * How much handshaking strangers may make us do. The meter says when handshakes come faster than we care to
 * answer, the limiter gives each source address a small budget once it has shown that it owns the address.
 */

import {
  ACQUAINTED_PER_SECOND,
  ACQUAINTED_SOURCE,
  LOAD_STICKS_MS,
  SOURCES_REMEMBERED,
  type TunnelLimits,
} from './constants.ts'

/** Counts handshakes in one-second windows; high load sticks for a second after it was last seen. */
export class LoadMeter {
  readonly #perSecond: number
  #windowStart = Number.NEGATIVE_INFINITY
  #count = 0
  #highUntil = Number.NEGATIVE_INFINITY

  constructor(perSecond: number) {
    this.#perSecond = perSecond
  }

  /** Notes one handshake message and says whether we are under load. */
  note(now: number): boolean {
    if (now - this.#windowStart >= 1_000) {
      this.#windowStart = now
      this.#count = 0
    }
    this.#count += 1
    if (this.#count > this.#perSecond) this.#highUntil = now + LOAD_STICKS_MS
    return this.high(now)
  }

  high(now: number): boolean {
    return now < this.#highUntil
  }
}

interface Bucket {
  tokens: number
  at: number
}

/**
 * A token bucket per source address, in a table that forgets whoever has been silent longest: a full bucket is as
 * good as none.
 */
export class SourceLimiter {
  /** In order of last use. */
  readonly #buckets = new Map<string, Bucket>()
  readonly #perSecond: number
  readonly #burst: number

  constructor({ sourcePerSecond, sourceBurst }: Pick<TunnelLimits, 'sourcePerSecond' | 'sourceBurst'>) {
    this.#perSecond = sourcePerSecond
    this.#burst = sourceBurst
  }

  /** Whether this source may cause one more handshake now. */
  allows(address: string, now: number): boolean {
    const bucket = this.#buckets.get(address) ?? { tokens: this.#burst, at: now }
    const refilled = bucket.tokens + ((now - bucket.at) * this.#perSecond) / 1_000
    bucket.tokens = Math.min(this.#burst, refilled)
    bucket.at = now
    const allowed = bucket.tokens >= 1
    if (allowed) bucket.tokens -= 1
    this.#remember(address, bucket, now)
    return allowed
  }

  get size(): number {
    return this.#buckets.size
  }

  #remember(address: string, bucket: Bucket, now: number): void {
    this.#buckets.delete(address)
    this.#buckets.set(address, bucket)
    const fillMs = (this.#burst / this.#perSecond) * 1_000
    for (const [oldest, { at }] of this.#buckets) {
      if (now - at < fillMs && this.#buckets.size <= SOURCES_REMEMBERED) return
      this.#buckets.delete(oldest)
    }
  }
}

/**
 * Sources that completed a handshake before: under load they are spared the round trip for a cookie, so that a flood
 * does not slow those who are known. Whoever forges such a source gains a few handshakes a second, and the real one
 * has a cookie's budget besides.
 */
export class Acquainted {
  /** In order of the last handshake. */
  readonly #sources = new Set<string>()
  readonly #each = new SourceLimiter(ACQUAINTED_SOURCE)
  readonly #all = new SourceLimiter(ACQUAINTED_PER_SECOND)

  note(address: string): void {
    this.#sources.delete(address)
    this.#sources.add(address)
    const [oldest] = this.#sources
    if (this.#sources.size > SOURCES_REMEMBERED) this.#sources.delete(oldest!)
  }

  /** Whether one more handshake from this source may do without a cookie now. */
  vouchFor(address: string, now: number): boolean {
    return this.#sources.has(address) && this.#each.allows(address, now) && this.#all.allows('', now)
  }
}
