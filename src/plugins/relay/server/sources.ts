/**
 * How many tickets may be checked a second: of one address, and of all. A cookie proves an address before a
 * signature is looked at, so this table can only be filled by who really receives there.
 */
import { TokenBucket } from '../../../kernel/api/index.ts'
import { parseAddress } from '../../../wire/ip-address.ts'
import { ALL_CHECKS_PER_SECOND, CHECKS_BURST, CHECKS_PER_SECOND, SOURCES_MAX } from './limits.ts'

const IPV6_SITE_BYTES = 8

/** One customer's addresses as one: an IPv4 address, or the first 64 bits of an IPv6 address. */
const siteOf = (address: string): string => {
  const parsed = parseAddress(address)
  if (!parsed.ok || parsed.value.length === 4) return address
  return Buffer.from(parsed.value.subarray(0, IPV6_SITE_BYTES)).toString('hex')
}

export class Sources {
  readonly #all = new TokenBucket(ALL_CHECKS_PER_SECOND, ALL_CHECKS_PER_SECOND)
  /** The ones that came first in front. */
  readonly #budgets = new Map<string, TokenBucket>()

  get size(): number {
    return this.#budgets.size
  }

  mayCheck(address: string, nowMs: number): boolean {
    const site = siteOf(address)
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
