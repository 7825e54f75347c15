/**
 * Two programs that open a TCP connection through a tunnel hear at once how much of a segment gets through it: the
 * maximum segment size that a SYN names (RFC 9293 §3.7.1) is lowered on its way, so that nothing has to be lost first.
 */
import { IPV4_HEADER_BYTES } from '../ipv4.ts'
import { IPV6_HEADER_BYTES } from '../ipv6.ts'
import { readU16, writeU16 } from '../u16.ts'
import type { PacketFields } from './packet-fields.ts'

const TCP_HEADER_BYTES = 20
const DATA_OFFSET = 12
const CHECKSUM = 16
const [END, NO_OPERATION, MAXIMUM_SEGMENT_SIZE] = [0, 1, 2]
const MAXIMUM_SEGMENT_SIZE_BYTES = 4

/** Where the option stands, if there is a whole one. */
const placeOf = (packet: Uint8Array, tcpAt: number): number | undefined => {
  const end = Math.min(packet.length, tcpAt + (packet[tcpAt + DATA_OFFSET]! >>> 4) * 4)
  for (let at = tcpAt + TCP_HEADER_BYTES; at < end; ) {
    const kind = packet[at]!
    if (kind === END) return undefined
    const bytes = kind === NO_OPERATION ? 1 : (packet[at + 1] ?? 0)
    if (kind === MAXIMUM_SEGMENT_SIZE && bytes === MAXIMUM_SEGMENT_SIZE_BYTES && at + bytes <= end) return at
    // An option shorter than its own head would be read for ever.
    if (bytes < 1 || (kind !== NO_OPERATION && bytes < 2)) return undefined
    at += bytes
  }
  return undefined
}

/** A checksum field with `from` replaced by `to` in what it covers (RFC 1624 §3). */
const exchanged = (checksum: number, from: number, to: number): number => {
  const sum = (~checksum & 0xffff) + (~from & 0xffff) + to
  const folded = (sum & 0xffff) + (sum >>> 16)
  return ~((folded & 0xffff) + (folded >>> 16)) & 0xffff
}

/** Changes a SYN that names more than fits into packets of `packetBytes`; leaves everything else as it is. */
export function clampSegmentSize(packet: Uint8Array, fields: PacketFields, packetBytes: number): void {
  if (!fields.isSyn(packet)) return
  const { payloadAt, version } = fields
  const at = placeOf(packet, payloadAt)
  if (at === undefined) return
  const ipHeaderBytes = version === 4 ? IPV4_HEADER_BYTES : IPV6_HEADER_BYTES
  const fitting = packetBytes - ipHeaderBytes - TCP_HEADER_BYTES
  const named = readU16(packet, at + 2)
  if (named <= fitting) return
  writeU16(packet, at + 2, fitting)
  // At an odd place it stands across two words: to the sum it is a number with its bytes the other way round.
  const isAcross = (at - payloadAt) % 2 === 1
  const [from, to] = isAcross ? [turned(named), turned(fitting)] : [named, fitting]
  writeU16(packet, payloadAt + CHECKSUM, exchanged(readU16(packet, payloadAt + CHECKSUM), from, to))
}

const turned = (word: number): number => ((word & 0xff) << 8) | (word >>> 8)
