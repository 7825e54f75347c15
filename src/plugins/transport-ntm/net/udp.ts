/**
 * UDP (RFC 768, over IPv6 RFC 8200 §8.1). The checksum is always written; a received one is always verified,
 * and only IPv4 may leave it out.
 */
import { ok, type Result, refuse } from '../../../events/result.ts'
import { addWords, checksumOf, isIntact, pseudoHeaderSum } from './checksum.ts'
import { writeIpHeader } from './ip.ts'
import { type IpPacket, PROTOCOL } from './packet.ts'
import { readU16, writeU16 } from './u16.ts'

export const UDP_HEADER_BYTES = 8

export interface UdpDatagram {
  readonly sourcePort: number
  readonly destinationPort: number
  /** A view into the packet. */
  readonly payload: Uint8Array
}

export type UdpRefusal = 'udp-truncated' | 'udp-length' | 'udp-port' | 'udp-checksum' | 'udp-checksum-missing'

/** Reads the payload of an IP packet whose protocol is UDP. Port 0 is refused: nobody could be answered. */
export const parseUdp = (ip: IpPacket): Result<UdpDatagram, UdpRefusal> => {
  const { payload } = ip
  if (payload.length < UDP_HEADER_BYTES) return refuse('udp-truncated')
  if (readU16(payload, 4) !== payload.length) return refuse('udp-length')
  const sourcePort = readU16(payload, 0)
  const destinationPort = readU16(payload, 2)
  if (sourcePort === 0 || destinationPort === 0) return refuse('udp-port')
  if (readU16(payload, 6) === 0) {
    if (ip.version === 6) return refuse('udp-checksum-missing')
  } else {
    const pseudo = pseudoHeaderSum(ip.source, ip.destination, PROTOCOL.udp, payload.length)
    if (!isIntact(addWords(payload, 0, payload.length, pseudo))) return refuse('udp-checksum')
  }
  return ok({ sourcePort, destinationPort, payload: payload.subarray(UDP_HEADER_BYTES) })
}

/** Writes a whole IP packet with one datagram at the start of `out`, and returns its length, bytes. */
export const writeUdp = (
  out: Uint8Array,
  source: Uint8Array,
  sourcePort: number,
  destination: Uint8Array,
  destinationPort: number,
  payload: Uint8Array,
): number => {
  const udpBytes = UDP_HEADER_BYTES + payload.length
  const start = writeIpHeader(out, source, destination, PROTOCOL.udp, udpBytes)
  writeU16(out, start, sourcePort)
  writeU16(out, start + 2, destinationPort)
  writeU16(out, start + 4, udpBytes)
  writeU16(out, start + 6, 0)
  out.set(payload, start + UDP_HEADER_BYTES)
  const pseudo = pseudoHeaderSum(source, destination, PROTOCOL.udp, udpBytes)
  // A sum of zero is written as all ones, because zero says "no checksum".
  writeU16(out, start + 6, checksumOf(addWords(out, start, start + udpBytes, pseudo)) || 0xffff)
  return start + udpBytes
}
