/** Token buckets by whatever they are counted by, so many and no more: what was used longest ago makes room. */
import { TokenBucket } from '../../../kernel/api/index.ts'

export class RecentBuckets {
  readonly #make: () => TokenBucket
  readonly #max: number
  /** In order of last use. */
  readonly #buckets = new Map<string, TokenBucket>()

  constructor(perSecond: number, burst: number, max: number) {
    this.#make = () => new TokenBucket(perSecond, burst)
    this.#max = max
  }

  /** Takes one token, if there is one. */
  take(key: string, nowMs: number): boolean {
    const bucket = this.#buckets.get(key) ?? this.#make()
    this.#buckets.delete(key)
    this.#buckets.set(key, bucket)
    const [oldest] = this.#buckets.keys()
    if (this.#buckets.size > this.#max) this.#buckets.delete(oldest!)
    return bucket.take(nowMs)
  }
}
