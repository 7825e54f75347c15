/**
 * Token buckets by whatever they are counted by, so many and no more. Only one that is full again makes room, for
 * forgetting it forgets nothing; while none is, all for whom there is no place share one bucket, so that nobody gets more
 * by bringing along many others.
 */
import { TokenBucket } from '../../../kernel/api/index.ts'

/** Buckets looked at for one that is full: those used longest ago. */
const LOOKED_AT_MAX = 8

export class RecentBuckets {
  readonly #make: () => TokenBucket
  readonly #max: number
  /** In order of last use, or of being found in use still. */
  readonly #buckets = new Map<string, TokenBucket>()
  readonly #shared: TokenBucket

  constructor(perSecond: number, burst: number, max: number) {
    this.#make = () => new TokenBucket(perSecond, burst)
    this.#max = max
    this.#shared = this.#make()
  }

  /** Takes one token, if there is one. */
  take(key: string, nowMs: number): boolean {
    return this.#of(key, nowMs).take(nowMs)
  }

  /** Whether there is one to take. */
  has(key: string, nowMs: number): boolean {
    return this.#of(key, nowMs).has(nowMs)
  }

  #of(key: string, nowMs: number): TokenBucket {
    const known = this.#buckets.get(key)
    if (known === undefined && this.#buckets.size >= this.#max && !this.#makesRoom(nowMs)) return this.#shared
    const bucket = known ?? this.#make()
    this.#buckets.delete(key)
    this.#buckets.set(key, bucket)
    return bucket
  }

  #makesRoom(nowMs: number): boolean {
    for (let looked = 0; looked < LOOKED_AT_MAX; looked += 1) {
      const [oldest, bucket] = this.#buckets.entries().next().value!
      this.#buckets.delete(oldest)
      if (bucket.isFull(nowMs)) return true
      this.#buckets.set(oldest, bucket)
    }
    return false
  }
}
