/**
 * What the rest of the stack sees of an IP packet, whichever the version. Addresses and payload are views into
 * the bytes that arrived: nothing is copied, and nothing outlives the call that delivered them.
 */

/** Assigned protocol numbers. */
export const PROTOCOL = { icmp: 1, tcp: 6, udp: 17, icmpv6: 58, nothing: 59 } as const

export interface IpPacket {
  readonly version: 4 | 6
  readonly source: Uint8Array
  readonly destination: Uint8Array
  readonly protocol: number
  /** The packet from its first header byte to the end that its length field names. */
  readonly bytes: Uint8Array
  /** What follows the IP header. */
  readonly payload: Uint8Array
}
