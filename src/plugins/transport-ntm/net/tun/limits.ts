/**
 * Every number that bounds what the programs of this machine may do to the node by its TUN device, and what others may do
 * to the programs. None of them is on the wire.
 */

/** What IPv6 demands of any link, bytes (RFC 8200 §5): whatever a path carries, nobody is told of less. */
export const IPV6_LINK_MTU = 1280

/** Of the device: what a direct path over IPv4 carries, bytes. Paths that carry less are told of packet by packet. */
export const TUN_MTU = 1440

/** Devices of people that have a route, and may be sent to. */
export const TUN_PEERS_MAX = 4096

/** Packets that wait for a tunnel, towards one device and in all; a first packet is what matters. */
export const WAITING_PACKETS_MAX = 4
export const WAITING_PEERS_MAX = 64

/** So long after a search in vain nobody is looked for again, whatever a program sends. */
export const UNREACHABLE_FOR_MS = 2_000

/** Flows that programs of this machine began, and how many of them share a place in the table. */
export const FLOWS_MAX = 4096
export const FLOW_WAYS = 8

/** Packets of one peer that come in pieces, between each other. */
export const FRAGMENTED_MAX = 16

/** How long a flow may be silent: RFC 5382 REQ-5 and RFC 4787 REQ-5 say so of NATs. */
export const FLOW_IDLE_MS = { tcp: 7_440_000, udp: 300_000, icmp: 60_000 } as const

/** ICMP errors to programs of this machine. */
export const TUN_ERRORS_PER_SECOND = 100
export const TUN_ERRORS_BURST = 100

/** Names that are being looked up, and how long a program waits for one; resolvers ask again after five seconds. */
export const NAMES_ASKED_MAX = 64
export const NAME_TIMEOUT_MS = 3_000

/** How long a resolver may remember an answer, seconds. A name keeps its keys for longer, but not its devices. */
export const NAME_TTL_SECONDS = 10

/** Addresses in one answer: all fit into 512 bytes beside the longest name (RFC 1035 §4.2.1). */
export const NAME_ADDRESSES_MAX = 8

/** Domains that the system's resolver is told of. */
export const RESOLVER_DOMAINS_MAX = 256
