/**
 * IPv6 as far as the inside of a tunnel needs it (RFC 8200). Extension headers are refused: nothing between
 * two ends of a tunnel has a use for them, and each is one more way to hide something from a check.
 */
import { ok, type Result, refuse } from '../../../events/result.ts'
import { HOP_LIMIT } from './limits.ts'
import type { IpPacket } from './packet.ts'
import { readU16, writeU16 } from './u16.ts'

export const IPV6_HEADER_BYTES = 40

/** Hop-by-hop, routing, fragment, ESP, AH, destination options, mobility, HIP, Shim6 (the IANA registry). */
export const EXTENSION_HEADERS: readonly number[] = [0, 43, 44, 50, 51, 60, 135, 139, 140]

export type Ipv6Refusal = 'ip-version' | 'ip-truncated' | 'ip-length' | 'ipv6-extension'

/** All that is said of it lies in its bytes, so one serves whatever packet stands in them. */
class Ipv6Packet implements IpPacket {
  readonly version = 6
  readonly bytes: Uint8Array
  readonly source: Uint8Array
  readonly destination: Uint8Array
  readonly payload: Uint8Array
  /** The answer that hands it out. */
  readonly read: Result<IpPacket, never> = ok(this)

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
    this.source = bytes.subarray(8, 24)
    this.destination = bytes.subarray(24, 40)
    this.payload = bytes.subarray(IPV6_HEADER_BYTES)
  }

  get protocol(): number {
    return this.bytes[6]!
  }
}

/** Of the packet before: a tunnel hands out the same bytes again for one of the same length. */
let latest = new Ipv6Packet(new Uint8Array(IPV6_HEADER_BYTES))

/** Reads one packet, which is all of `bytes`. Views only; never throws. */
export const parseIpv6 = (bytes: Uint8Array): Result<IpPacket, Ipv6Refusal> => {
  if (bytes.length < IPV6_HEADER_BYTES) return refuse('ip-truncated')
  if (bytes[0]! >>> 4 !== 6) return refuse('ip-version')
  if (IPV6_HEADER_BYTES + readU16(bytes, 4) !== bytes.length) return refuse('ip-length')
  if (EXTENSION_HEADERS.includes(bytes[6]!)) return refuse('ipv6-extension')
  if (latest.bytes !== bytes) latest = new Ipv6Packet(bytes)
  return latest.read
}

/** Writes a header at the start of `out`, traffic class and flow label zero, and returns its length. */
export const writeIpv6Header = (
  out: Uint8Array,
  source: Uint8Array,
  destination: Uint8Array,
  protocol: number,
  payloadBytes: number,
): number => {
  writeU16(out, 0, 0x6000)
  writeU16(out, 2, 0)
  writeU16(out, 4, payloadBytes)
  out[6] = protocol
  out[7] = HOP_LIMIT
  out.set(source, 8)
  out.set(destination, 24)
  return IPV6_HEADER_BYTES
}
