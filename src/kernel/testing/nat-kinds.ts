/**
 * What NATs there are, in the words of RFC 4787, and the kinds by which people know them. Where the RFC and the
 * routers in people's homes differ, a kind does what the routers do, most of which run Linux.
 */

/** On what of the remote endpoint a mapping or a filter depends. */
export type Dependence = 'endpoint-independent' | 'address-dependent' | 'address-and-port-dependent'

export type PortRange = readonly [first: number, last: number]

/** Which port a new mapping gets. */
export type PortAssignment =
  /** The one that it has inside; a random one when that is taken. */
  | { readonly how: 'preserving' }
  | { readonly how: 'random'; readonly within: PortRange }
  /** `step` after the last one. */
  | { readonly how: 'sequential'; readonly step: number; readonly within: PortRange }

export interface NatBehaviour {
  readonly mapping: Dependence
  readonly filtering: Dependence
  readonly ports: PortAssignment
  /** One port may serve several mappings, as long as they talk to different endpoints. */
  readonly isOverloading: boolean
  /** How long something answered is remembered; RFC 4787 asks for two minutes. */
  readonly timeoutMs: number
  /** As long as nobody has answered. */
  readonly unansweredMs: number
  /** Not only what goes out, also what comes in keeps it alive. */
  readonly isRefreshedByInbound: boolean
  /** Those inside reach each other by their outer endpoints. */
  readonly isHairpinning: boolean
  /**
   * A packet from outside that is let in to the router itself occupies the port towards its sender: a Linux router
   * whose firewall does not drop it. Only those notice who choose a port by its remote endpoint (`isOverloading`).
   */
  readonly isPoisonable: boolean
  /** Remote endpoints, over all mappings, that it remembers at once; what is new is dropped after that. */
  readonly capacity: number
}

export const ALL_PORTS: PortRange = [1024, 65_535]

/** Endpoint-independent mapping, the strictest filter, the same port if possible: what RFC 4787 asks of a home. */
const home: NatBehaviour = {
  mapping: 'endpoint-independent',
  filtering: 'address-and-port-dependent',
  ports: { how: 'preserving' },
  isOverloading: false,
  timeoutMs: 120_000,
  unansweredMs: 30_000,
  isRefreshedByInbound: true,
  isHairpinning: false,
  isPoisonable: false,
  capacity: 16_384,
}
const masquerade: NatBehaviour = {
  ...home,
  mapping: 'address-and-port-dependent',
  isOverloading: true,
}
const symmetric: NatBehaviour = { ...masquerade, ports: { how: 'random', within: ALL_PORTS } }

export const NAT_KINDS = {
  home,
  portRestricted: home,
  fullCone: { ...home, filtering: 'endpoint-independent' },
  addressRestricted: { ...home, filtering: 'address-dependent' },
  /** Independent of the endpoint, but never the port that one has inside. */
  portChanging: { ...home, ports: { how: 'random', within: ALL_PORTS } },
  /** A home of Linux: looks like `home` until two inside use one port. */
  masquerade,
  poisonable: { ...masquerade, isPoisonable: true },
  addressDependent: { ...symmetric, mapping: 'address-dependent' },
  symmetric,
  sequential: { ...masquerade, ports: { how: 'sequential', step: 1, within: ALL_PORTS } },
  /** A carrier's share of ports for one customer. */
  block: { ...masquerade, ports: { how: 'random', within: [50_000, 50_511] } },
} as const satisfies Readonly<Record<string, NatBehaviour>>

export type NatKind = keyof typeof NAT_KINDS
