/**
 * Every number that bounds the virtual IP stack, in one place. None of them is on the wire, so each may change
 * from one version to the next.
 */

/**
 * Largest inner packet, bytes. With 32 bytes of WireGuard and 8 of UDP around it, it leaves as 1,260 bytes over
 * IPv4 and 1,280 over IPv6, which every IPv6 path carries (RFC 8200 §5).
 */
export const INNER_MTU = 1200

/** RFC 1122 §3.2.1.7 and the assigned default. */
export const HOP_LIMIT = 64

/** ICMP errors that a stack sends, over all peers (RFC 4443 §2.4 f asks for a bound by token bucket). */
export const ICMP_ERRORS_PER_SECOND = 10
export const ICMP_ERRORS_BURST = 10

/** Length of a whole ICMPv4 error, bytes, beyond which the quotation is cut (RFC 1812 §4.3.2.3). */
export const ICMPV4_ERROR_MAX = 576
