/**
 * How much this node sends to places that have not shown they are there, counted per network over all peers
 *: whoever announces somebody else's address gets a trickle sent there, and no more for being many, or
 * for announcing many addresses that one host may have.
 */
import { sourceNetwork } from '../tunnel/endpoint.ts'
import { PROBED_NETWORKS_MAX, PROBES_BURST, PROBES_PER_SECOND } from './limits.ts'
import { RecentBuckets } from './recent-buckets.ts'

export class ProbeBudget {
  readonly #buckets = new RecentBuckets(PROBES_PER_SECOND, PROBES_BURST, PROBED_NETWORKS_MAX)

  /** Whether one more probe may go to this address now. */
  take(address: string, nowMs: number): boolean {
    return this.#buckets.take(sourceNetwork(address), nowMs)
  }
}
