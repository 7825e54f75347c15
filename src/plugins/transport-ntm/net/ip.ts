/**
 * The two versions of IP as one, chosen by the first nibble when reading and by the length of the addresses
 * when writing, so that nothing above has to ask twice.
 */
import { type Result, refuse } from '../../../events/result.ts'
import { IPV4_HEADER_BYTES, type Ipv4Refusal, parseIpv4, writeIpv4Header } from './ipv4.ts'
import { IPV6_HEADER_BYTES, type Ipv6Refusal, parseIpv6, writeIpv6Header } from './ipv6.ts'
import type { IpPacket } from './packet.ts'

export type IpRefusal = Ipv4Refusal | Ipv6Refusal

/** Reads a packet of either version. Views only; never throws. */
export const parseIp = (bytes: Uint8Array): Result<IpPacket, IpRefusal> => {
  if (bytes.length === 0) return refuse('ip-truncated')
  return bytes[0]! >>> 4 === 4 ? parseIpv4(bytes) : parseIpv6(bytes)
}

/** The protocol number of a packet of either version; of what is none, anything. */
export const protocolOf = (bytes: Uint8Array): number => bytes[bytes[0]! >>> 4 === 4 ? 9 : 6] ?? 0

export const ipHeaderBytes = (address: Uint8Array): number =>
  address.length === 4 ? IPV4_HEADER_BYTES : IPV6_HEADER_BYTES

/** Writes the header that both addresses call for, and returns its length. They are of one version. */
export const writeIpHeader = (
  out: Uint8Array,
  source: Uint8Array,
  destination: Uint8Array,
  protocol: number,
  payloadBytes: number,
): number =>
  destination.length === 4
    ? writeIpv4Header(out, source, destination, protocol, payloadBytes)
    : writeIpv6Header(out, source, destination, protocol, payloadBytes)
