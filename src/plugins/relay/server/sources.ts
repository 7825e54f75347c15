/**
 * How many tickets may be checked a second: of one address, and of all. A cookie proves an address before a
 * signature is looked at, so this table can only be filled by who really receives there.
 */
import { TokenBucket } from '../../../kernel/api/index.ts'
import { networkOf } from '../../../wire/ip-address.ts'
import {
  ALL_CHECKS_PER_SECOND,
  CHECKS_BURST,
  CHECKS_IPV6_BYTES,
  CHECKS_PER_SECOND,
  SOURCES_MAX,
} from './limits.ts'

export class Sources {
  readonly #all = new TokenBucket(ALL_CHECKS_PER_SECOND, ALL_CHECKS_PER_SECOND)
  /** The ones that came first in front. */
  readonly #budgets = new Map<string, TokenBucket>()

  get size(): number {
    return this.#budgets.size
  }

  mayCheck(address: string, nowMs: number): boolean {
    const site = networkOf(address, CHECKS_IPV6_BYTES)
    let budget = this.#budgets.get(site)
    if (budget === undefined) {
      const [first] = this.#budgets.keys()
      if (this.#budgets.size >= SOURCES_MAX && first !== undefined) this.#budgets.delete(first)
      budget = new TokenBucket(CHECKS_PER_SECOND, CHECKS_BURST)
      this.#budgets.set(site, budget)
    }
    return budget.take(nowMs) && this.#all.take(nowMs)
  }
}
