/**
 * How often the hard ways may be tried: many packets to one address in little time fill the tables of routers and
 * look like an attack (EasyTier#289), so one attempt is made at a time, and only so many to one peer and to one address,
 * whoever is said to be there. A peer that was reached in this way and comes again at once must find room, so a few may
 * follow each other.
 */
import { ATTEMPT_EVERY_MS, ATTEMPTED_PEERS_MAX, ATTEMPTS_AT_ONCE } from './limits.ts'
import { RecentBuckets } from './recent-buckets.ts'

const counted = (): RecentBuckets =>
  new RecentBuckets(1_000 / ATTEMPT_EVERY_MS, ATTEMPTS_AT_ONCE, ATTEMPTED_PEERS_MAX)

export class Attempts {
  readonly #byPeer = counted()
  readonly #byAddress = counted()
  #isUnderWay = false

  /** Takes the one place there is; false: not now. */
  take(peer: string, nowMs: number, address: string): boolean {
    if (this.#isUnderWay || !this.#byPeer.has(peer, nowMs)) return false
    this.#isUnderWay = this.#byAddress.take(address, nowMs) && this.#byPeer.take(peer, nowMs)
    return this.#isUnderWay
  }

  over(): void {
    this.#isUnderWay = false
  }
}
