/**
 * How much this node sends to places that have not shown they are there, counted per network over all peers
 * (FORMATS §6.1): whoever announces somebody else's address gets a trickle sent there, and no more for being many, or
 * for announcing many addresses that one host may have.
 */
import { TokenBucket } from '../../../kernel/api/index.ts'
import { sourceNetwork } from '../tunnel/endpoint.ts'

const PROBES_PER_SECOND = 12
const PROBES_BURST = 96
const NETWORKS_MAX = 1_024

export class ProbeBudget {
  /** In order of last use. */
  readonly #buckets = new Map<string, TokenBucket>()

  /** Whether one more probe may go to this address now. */
  take(address: string, nowMs: number): boolean {
    const network = sourceNetwork(address)
    const bucket = this.#buckets.get(network) ?? new TokenBucket(PROBES_PER_SECOND, PROBES_BURST)
    this.#buckets.delete(network)
    this.#buckets.set(network, bucket)
    const [oldest] = this.#buckets.keys()
    if (this.#buckets.size > NETWORKS_MAX) this.#buckets.delete(oldest!)
    return bucket.take(nowMs)
  }
}
