/**
 * TCP segments (RFC 9293 §3.1): the fixed header, its options and the payload, read out of an IP packet and written
 * into one. One object serves for any number of them, because a fast connection sees a hundred thousand a second.
 * The urgent pointer is not looked at: what is urgent stays in its place in the stream.
 */
import { ok, type Result, refuse } from '../../../../events/result.ts'
import { addWords, checksumOf, isIntact, pseudoHeaderSum } from '../checksum.ts'
import { ipHeaderBytes, writeIpHeader } from '../ip.ts'
import { type IpPacket, PROTOCOL } from '../packet.ts'
import { readU16, writeU16 } from '../u16.ts'
import { Options, optionsBytes, readOptions, readU32, writeOptions, writeU32 } from './options.ts'

export const TCP_HEADER_BYTES = 20

export const FLAG = { fin: 1, syn: 2, rst: 4, psh: 8, ack: 16, urg: 32 } as const

/** Why a segment is not worth looking at any further. */
export type TcpRefusal =
  | 'tcp-truncated'
  | 'tcp-header-length'
  | 'tcp-checksum'
  | 'tcp-port'
  | 'tcp-flags'
  | 'tcp-options'

const NOTHING = new Uint8Array(0)

/** Mutable, because one is filled again for each segment. */
export class Segment {
  sourcePort = 0
  destinationPort = 0
  seq = 0
  ack = 0
  flags = 0
  /** As it stands in the header, not scaled. */
  window = 0
  readonly options = new Options()
  /** A view into the packet. */
  payload: Uint8Array = NOTHING
  /** What the payload was cut out of: most segments lie where the one before lay. */
  #whole: Uint8Array = NOTHING
  #rest: Uint8Array = NOTHING
  /** The answer that hands this segment out. */
  readonly read: Result<Segment, never> = ok(this)

  has(flags: number): boolean {
    return (this.flags & flags) !== 0
  }

  /** What it takes of sequence space: SYN and FIN count one each. */
  get length(): number {
    return this.payload.length + (this.has(FLAG.syn) ? 1 : 0) + (this.has(FLAG.fin) ? 1 : 0)
  }

  /** The payload is what lies behind the header. */
  cut(whole: Uint8Array, headerBytes: number): void {
    if (this.#whole !== whole || this.#rest.length !== whole.length - headerBytes) {
      this.#whole = whole
      this.#rest = headerBytes === whole.length ? NOTHING : whole.subarray(headerBytes)
    }
    this.payload = this.#rest
  }

  /** Without payload and options. */
  set(sourcePort: number, destinationPort: number, seq: number, ack: number, flags: number): void {
    this.sourcePort = sourcePort
    this.destinationPort = destinationPort
    this.seq = seq
    this.ack = ack
    this.flags = flags
    this.window = 0
    this.options.clear()
    this.payload = NOTHING
  }
}

/**
 * Of SYN, RST and FIN a segment has at most one, and without SYN or RST it has an ACK: nothing else can belong to a
 * connection in any state.
 */
const arePossible = (flags: number): boolean => {
  const marks = flags & (FLAG.syn | FLAG.rst | FLAG.fin)
  if ((marks & (marks - 1)) !== 0) return false
  return (flags & (FLAG.syn | FLAG.rst | FLAG.ack)) !== 0
}

/** Reads the payload of an IP packet whose protocol is TCP. Views only; never throws. */
export const parseTcp = (ip: IpPacket, into = new Segment()): Result<Segment, TcpRefusal> => {
  const bytes = ip.payload
  if (bytes.length < TCP_HEADER_BYTES) return refuse('tcp-truncated')
  const headerBytes = (bytes[12]! >>> 4) * 4
  if (headerBytes < TCP_HEADER_BYTES || headerBytes > bytes.length) return refuse('tcp-header-length')
  const pseudo = pseudoHeaderSum(ip.source, ip.destination, PROTOCOL.tcp, bytes.length)
  if (!isIntact(addWords(bytes, 0, bytes.length, pseudo))) return refuse('tcp-checksum')
  into.sourcePort = readU16(bytes, 0)
  into.destinationPort = readU16(bytes, 2)
  if (into.sourcePort === 0 || into.destinationPort === 0) return refuse('tcp-port')
  into.flags = bytes[13]!
  if (!arePossible(into.flags)) return refuse('tcp-flags')
  if (!readOptions(bytes, TCP_HEADER_BYTES, headerBytes, into.has(FLAG.syn), into.options))
    return refuse('tcp-options')
  into.seq = readU32(bytes, 4)
  into.ack = readU32(bytes, 8)
  into.window = readU16(bytes, 14)
  into.cut(bytes, headerBytes)
  return into.read
}

/** Where in a packet towards `destination` the payload of this segment begins. */
export const payloadAt = (destination: Uint8Array, segment: Segment): number =>
  ipHeaderBytes(destination) + TCP_HEADER_BYTES + optionsBytes(segment.options)

/**
 * Writes the headers of a segment whose payload, of so many bytes, stands already where `payloadAt` says, and
 * returns the length of the whole IP packet. `segment.payload` is not looked at.
 */
export const writeTcpHeaders = (
  out: Uint8Array,
  source: Uint8Array,
  destination: Uint8Array,
  segment: Segment,
  payloadBytes: number,
): number => {
  const headerBytes = TCP_HEADER_BYTES + optionsBytes(segment.options)
  const tcpBytes = headerBytes + payloadBytes
  const start = writeIpHeader(out, source, destination, PROTOCOL.tcp, tcpBytes)
  writeU16(out, start, segment.sourcePort)
  writeU16(out, start + 2, segment.destinationPort)
  writeU32(out, start + 4, segment.seq)
  writeU32(out, start + 8, segment.ack)
  out[start + 12] = (headerBytes / 4) << 4
  out[start + 13] = segment.flags
  writeU16(out, start + 14, segment.window)
  writeU32(out, start + 16, 0)
  writeOptions(out, start + TCP_HEADER_BYTES, segment.options)
  const pseudo = pseudoHeaderSum(source, destination, PROTOCOL.tcp, tcpBytes)
  writeU16(out, start + 16, checksumOf(addWords(out, start, start + tcpBytes, pseudo)))
  return start + tcpBytes
}

/** Writes a whole IP packet with one segment at the start of `out`, and returns its length, bytes. */
export const writeTcp = (
  out: Uint8Array,
  source: Uint8Array,
  destination: Uint8Array,
  segment: Segment,
): number => {
  out.set(segment.payload, payloadAt(destination, segment))
  return writeTcpHeaders(out, source, destination, segment, segment.payload.length)
}
