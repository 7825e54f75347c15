/**
 * How often the hard ways may be tried: many packets to one address in little time fill the tables of routers and
 * look like an attack (EasyTier#289), so one attempt is made at a time, and only so many to one peer, or to one
 * address, whoever is said to be there. A peer that was reached in this way and comes again at once must find room,
 * so a few may follow each other.
 */
import { TokenBucket } from '../../../kernel/api/index.ts'

const AT_ONCE = 3
const EVERY_MS = 20_000
const BUCKETS_MAX = 512

export class Attempts {
  readonly #buckets = new Map<string, TokenBucket>()
  #isUnderWay = false

  /** Takes the one place there is, for these: a peer, and where it is sought. False: not now. */
  take(whom: readonly string[], nowMs: number): boolean {
    if (this.#isUnderWay) return false
    this.#isUnderWay = whom.map(one => this.#bucketOf(one).take(nowMs)).every(Boolean)
    return this.#isUnderWay
  }

  #bucketOf(one: string): TokenBucket {
    const bucket = this.#buckets.get(one) ?? new TokenBucket(1_000 / EVERY_MS, AT_ONCE)
    this.#buckets.delete(one)
    this.#buckets.set(one, bucket)
    const [oldest] = this.#buckets.keys()
    if (this.#buckets.size > BUCKETS_MAX) this.#buckets.delete(oldest!)
    return bucket
  }

  over(): void {
    this.#isUnderWay = false
  }
}
