/**
 * IPv4 as far as the inside of a tunnel needs it (RFC 791): options are stepped over, fragments are refused,
 * because both ends know the inner MTU and never send any.
 */
import { ok, type Result, refuse } from '../../../events/result.ts'
import { addWords, checksumOf, isIntact } from './checksum.ts'
import { HOP_LIMIT } from './limits.ts'
import type { IpPacket } from './packet.ts'
import { readU16, writeU16 } from './u16.ts'

export const IPV4_HEADER_BYTES = 20

const DONT_FRAGMENT = 0x4000
const MORE_FRAGMENTS_OR_OFFSET = 0x3fff

export type Ipv4Refusal =
  | 'ip-version'
  | 'ip-truncated'
  | 'ip-length'
  | 'ipv4-header-length'
  | 'ipv4-checksum'
  | 'ipv4-fragment'

/** Reads one packet, which is all of `bytes`. Views only; never throws. */
export const parseIpv4 = (bytes: Uint8Array): Result<IpPacket, Ipv4Refusal> => {
  if (bytes.length < IPV4_HEADER_BYTES) return refuse('ip-truncated')
  if (bytes[0]! >>> 4 !== 4) return refuse('ip-version')
  const headerBytes = (bytes[0]! & 0x0f) * 4
  const totalBytes = readU16(bytes, 2)
  if (headerBytes < IPV4_HEADER_BYTES || headerBytes > totalBytes) return refuse('ipv4-header-length')
  if (totalBytes !== bytes.length) return refuse('ip-length')
  if (!isIntact(addWords(bytes, 0, headerBytes))) return refuse('ipv4-checksum')
  if ((readU16(bytes, 6) & MORE_FRAGMENTS_OR_OFFSET) !== 0) return refuse('ipv4-fragment')
  return ok({
    version: 4,
    source: bytes.subarray(12, 16),
    destination: bytes.subarray(16, 20),
    protocol: bytes[9]!,
    bytes,
    payload: bytes.subarray(headerBytes),
  })
}

/**
 * Writes a header without options at the start of `out` and returns its length. The identification is 0 and
 * "don't fragment" is set: such a packet needs no id of its own (RFC 6864 §4.1).
 */
export const writeIpv4Header = (
  out: Uint8Array,
  source: Uint8Array,
  destination: Uint8Array,
  protocol: number,
  payloadBytes: number,
): number => {
  out[0] = 0x45
  out[1] = 0
  writeU16(out, 2, IPV4_HEADER_BYTES + payloadBytes)
  writeU16(out, 4, 0)
  writeU16(out, 6, DONT_FRAGMENT)
  out[8] = HOP_LIMIT
  out[9] = protocol
  writeU16(out, 10, 0)
  out.set(source, 12)
  out.set(destination, 16)
  writeU16(out, 10, checksumOf(addWords(out, 0, IPV4_HEADER_BYTES)))
  return IPV4_HEADER_BYTES
}
