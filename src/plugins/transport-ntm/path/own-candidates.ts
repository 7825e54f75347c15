/**
 * Where this node may be reached: its host's own addresses, what coordinators and relays see of it, what a router was
 * asked to map. From several views of one socket follows what kind of NAT is in front: that orders what is tried and
 * forbids nothing, because it may be wrong.
 */
import type { Network, UdpEndpoint } from '../../../kernel/api/index.ts'
import type { Carrier } from '../carrier.ts'
import { hostCandidates } from '../listening.ts'
import type { Candidate } from '../signalling/candidates.ts'
import { CANDIDATES_MAX } from '../signalling/limits.ts'
import { sameEndpoint } from '../tunnel/endpoint.ts'
import type { NatKind } from './control.ts'

/** Who looked from where: an endpoint of a server. */
export interface View {
  readonly server: string
  readonly observed: UdpEndpoint
}

export type Viewer = 'coordinator' | 'relay'

const VIEWS_MAX = 32
const ORDER: readonly Candidate['kind'][] = ['mapped', 'reflexive', 'host']
const isIpv4 = ({ observed }: View): boolean => !observed.address.includes(':')

export class OwnCandidates {
  readonly #carrier: Carrier
  readonly #network: Pick<Network, 'localAddresses'>
  readonly #views = new Map<string, View>()
  #mapped: readonly UdpEndpoint[] = []

  constructor(carrier: Carrier, network: Pick<Network, 'localAddresses'>) {
    this.#carrier = carrier
    this.#network = network
  }

  /**
   * A server told where it sees us. True when that is news. `by`: a coordinator and a relay may be at one place, and
   * what the one says stays when the other is gone.
   */
  seen(by: Viewer, server: string, observed: UdpEndpoint): boolean {
    const key = `${by} ${server}`
    const before = this.#views.get(key)?.observed
    this.#views.delete(key)
    this.#views.set(key, { server, observed })
    const [oldest] = this.#views.keys()
    if (this.#views.size > VIEWS_MAX) this.#views.delete(oldest!)
    return before === undefined || !sameEndpoint(before, observed)
  }

  /** A server does not answer any more. */
  unseen(by: Viewer, server: string): void {
    this.#views.delete(`${by} ${server}`)
  }

  /** This host has moved: what was seen of it is of the past. */
  forgetViews(): void {
    this.#views.clear()
  }

  /** What routers map to us, all of it. */
  map(endpoints: readonly UdpEndpoint[]): void {
    this.#mapped = endpoints
  }

  list(): readonly Candidate[] {
    const seen = [...this.#views.values()].map(
      ({ observed }): Candidate => ({ kind: 'reflexive', endpoint: observed }),
    )
    const mapped = this.#mapped.map((endpoint): Candidate => ({ kind: 'mapped', endpoint }))
    const all = [...mapped, ...seen.reverse(), ...hostCandidates(this.#carrier, this.#network)]
    return all
      .filter(({ endpoint }, at) => all.findIndex(other => sameEndpoint(other.endpoint, endpoint)) === at)
      .sort((a, b) => ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind))
      .slice(0, CANDIDATES_MAX)
  }

  /** What servers see, the newest last; a place with both a coordinator and a relay counts once. */
  get views(): readonly View[] {
    return [...new Map([...this.#views.values()].map(view => [view.server, view])).values()]
  }

  /** Addresses that others see of this node. */
  get publicAddresses(): readonly string[] {
    return [...this.#views.values()].map(({ observed }) => observed.address)
  }

  /** What stands in front of this node's IPv4, as far as its own socket has been seen. */
  get nat(): NatKind {
    const views = [...this.#views.values()].filter(isIpv4)
    if (views.length === 0) return 'unknown'
    const hosts = this.#network.localAddresses()
    if (views.every(({ observed }) => hosts.includes(observed.address))) return 'open'
    if (new Set(views.map(({ server }) => server)).size === 1) return 'unknown'
    const ports = new Set(views.map(({ observed }) => observed.port))
    return ports.size === 1 ? 'easy' : 'hard'
  }
}
