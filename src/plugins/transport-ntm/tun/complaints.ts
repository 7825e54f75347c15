/**
 * What a program hears when its packet cannot go: an ICMP error by the same device, as from a router that stands inside it
 * (RFC 792, RFC 4443), and no more of them in a second than anybody needs.
 */
import type { Clock } from '../../../kernel/api/index.ts'
import { TokenBucket } from '../../../kernel/api/token-bucket.ts'
import { type Unreachable, writeUnreachable } from '../net/icmp.ts'
import { parseIp } from '../net/ip.ts'
import { IPV6_LINK_MTU, TUN_ERRORS_BURST, TUN_ERRORS_PER_SECOND } from '../net/tun/limits.ts'

export class Complaints {
  readonly #clock: Clock
  readonly #router: Uint8Array
  readonly #write: (packet: Uint8Array) => void
  readonly #bucket = new TokenBucket(TUN_ERRORS_PER_SECOND, TUN_ERRORS_BURST)
  readonly #scratch = new Uint8Array(IPV6_LINK_MTU)

  /** `router`: who tells, of IPv6. */
  constructor(clock: Clock, router: Uint8Array, write: (packet: Uint8Array) => void) {
    this.#clock = clock
    this.#router = router
    this.#write = write
  }

  /** `mtuBytes`: what fits. */
  about(packet: Uint8Array, what: Unreachable, mtuBytes = 0): void {
    if (!this.#bucket.take(this.#clock.monotonicMs())) return
    const ip = parseIp(packet)
    if (!ip.ok) return
    // The kernel hears no IPv4 from an address of its own.
    const from = ip.value.version === 6 ? this.#router : ip.value.destination
    // It stays on this machine, so it may be longer than what it is about.
    const bytes = writeUnreachable(this.#scratch, from, what, ip.value, { maxBytes: IPV6_LINK_MTU, mtuBytes })
    if (bytes !== undefined) this.#write(this.#scratch.subarray(0, bytes))
  }
}
