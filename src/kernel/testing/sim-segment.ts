/**
 * Where a simulated network's packets can go. Every NAT has an address space behind it, and what is called
 * 192.168.1.2 in one is nobody, or somebody else, in another: so hosts and gateways are attached to segments.
 */
import type { LanNotice, UdpEndpoint } from '../api/index.ts'
import type { SimHost } from './sim-host.ts'

export interface Packet {
  readonly from: UdpEndpoint
  readonly to: UdpEndpoint
  readonly bytes: Uint8Array
}

/** A box between hosts and the rest, such as a NAT: it rewrites packets, or swallows them with undefined. */
export interface Gateway {
  /** Where packets from outside are sent to. Undefined: it translates nothing, and those behind are seen as they are. */
  readonly address: string | undefined
  outbound(packet: Packet, nowMs: number): Packet | undefined
  inbound(packet: Packet, nowMs: number): Packet | undefined
}

/** The wire between a host or gateway and its segment. */
export interface Wire {
  /** One way; the latency of a path is the sum over its wires. */
  readonly latencyMs?: number
  /** Longer packets, headers included, vanish without a word. */
  readonly mtuBytes?: number
}

/** A host's place in a segment. */
export interface Attachment extends Wire {
  readonly address: string
  /** Default: the core. */
  readonly on?: Segment
}

/** A gateway and the two segments that it stands between. */
export interface Router {
  readonly gateway: Gateway
  readonly outside: Segment
  readonly inside: Segment
  readonly wire: Wire
}

interface Resident {
  readonly host: SimHost
  readonly wire: Wire
}

/** A host that listens to its link. */
export interface Listener {
  readonly host: SimHost
  readonly hear: (notice: LanNotice, address: string) => void
}

export const isIpv6 = (address: string): boolean => address.includes(':')

/** One address space. */
export class Segment {
  /** The way out of it; the core has none. */
  readonly router: Router | undefined
  /** Routers between any two places in it. */
  readonly hops: number
  readonly #routers = new Map<Gateway, Router>()
  readonly #residents = new Map<string, readonly Resident[]>()
  /** Who hears what is said to all, in the order in which they came. */
  readonly listeners = new Set<Listener>()

  constructor(hops = 0, routerAround?: (inside: Segment) => Router) {
    this.hops = hops
    this.router = routerAround?.(this)
  }

  /** The segment behind a gateway that is attached to this one. */
  behind(gateway: Gateway, wire: Wire = {}): Segment {
    const known = this.#routers.get(gateway)
    if (known !== undefined) return known.inside
    const inside = new Segment(0, inside => {
      const router: Router = { gateway, outside: this, inside, wire }
      this.#routers.set(gateway, router)
      return router
    })
    return inside
  }

  attach(address: string, resident: Resident): void {
    this.#residents.set(address, [...this.#at(address), resident])
  }

  detach(address: string, host: SimHost): void {
    const others = this.#at(address).filter(resident => resident.host !== host)
    if (others.length > 0) this.#residents.set(address, others)
    else this.#residents.delete(address)
  }

  /** Several hosts may have one address, as long as they do not use the same ports. */
  hostsAt(address: string): readonly SimHost[] {
    return this.#at(address).map(({ host }) => host)
  }

  routerAt(address: string): Router | undefined {
    for (const router of this.#routers.values()) {
      const { gateway, inside } = router
      if (gateway.address === undefined ? inside.has(address) : gateway.address === address) return router
    }
    return undefined
  }

  wireTo(address: string): Wire | undefined {
    return this.routerAt(address)?.wire ?? this.#at(address)[0]?.wire
  }

  has(address: string): boolean {
    return this.#residents.has(address) || this.routerAt(address) !== undefined
  }

  #at(address: string): readonly Resident[] {
    return this.#residents.get(address) ?? []
  }
}
