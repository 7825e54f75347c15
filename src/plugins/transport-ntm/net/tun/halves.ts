/**
 * Nobody can tell a sender of IPv6 that a path carries less than 1,280 bytes: whatever carries less has to see to it (RFC
 * 8200 §5). So a packet that is too long for such a path goes in two. Of a TCP segment two segments are made, which nobody
 * has to put together again: of fragments whose others are lost Linux holds four megabytes, each for a minute, and takes no
 * more until then. All else becomes fragments, which only a packet's source may make: that is this machine.
 */
import { addWords, checksumOf, pseudoHeaderSum } from '../checksum.ts'
import { IPV6_HEADER_BYTES } from '../ipv6.ts'
import { readU32, writeU32 } from '../tcp/options.ts'
import { FLAG, TCP_HEADER_BYTES } from '../tcp/segment.ts'
import { readU16, writeU16 } from '../u16.ts'
import { IPV6_LINK_MTU } from './limits.ts'
import {
  FRAGMENT_HEADER,
  FRAGMENT_HEADER_BYTES,
  MORE,
  OFFSET_BITS,
  type PacketFields,
  TCP,
} from './packet-fields.ts'

const LENGTH = 4
const NEXT_HEADER = 6
const [OFFSET, ID] = [IPV6_HEADER_BYTES + 2, IPV6_HEADER_BYTES + 4]
const FRAGMENT_HEAD_BYTES = IPV6_HEADER_BYTES + FRAGMENT_HEADER_BYTES
const [SEQUENCE, DATA_OFFSET, FLAGS, CHECKSUM] = [4, 12, 13, 16]
const CWR = 0x80

/** Bytes of a stream and nothing that is told by their place: what is urgent is counted from the segment's begin. */
const isOfStream = (packet: Uint8Array, { kind, protocol, isFragment, payloadAt }: PacketFields): boolean => {
  if (kind !== 'ports' || protocol !== TCP || isFragment) return false
  const headerBytes = tcpHeaderBytes(packet, payloadAt)
  if (headerBytes < TCP_HEADER_BYTES || payloadAt + headerBytes > packet.length) return false
  return (packet[payloadAt + FLAGS]! & (FLAG.syn | FLAG.rst | FLAG.urg)) === 0
}

const tcpHeaderBytes = (packet: Uint8Array, tcpAt: number): number =>
  ((packet[tcpAt + DATA_OFFSET] ?? 0) >>> 4) * 4

const sum = (packet: Uint8Array, tcpAt: number): void => {
  writeU16(packet, tcpAt + CHECKSUM, 0)
  const addresses = pseudoHeaderSum(
    packet.subarray(8, 24),
    packet.subarray(24, 40),
    TCP,
    packet.length - tcpAt,
  )
  writeU16(packet, tcpAt + CHECKSUM, checksumOf(addWords(packet, tcpAt, packet.length, addresses)))
}

export class Halves {
  readonly #first = new Uint8Array(IPV6_LINK_MTU)
  readonly #second = new Uint8Array(IPV6_LINK_MTU)
  #id: number

  /** `id`: of the fragments that are made first. What is left of another run's must not be taken for theirs. */
  constructor(id: number) {
    this.#id = id
  }

  /**
   * Both no longer than `fittingBytes`, of which two make 1,280 with room to spare. They stand until the next are made;
   * `packet` is IPv6, as `fields` says, and left as it is.
   */
  of(packet: Uint8Array, fields: PacketFields, fittingBytes: number): readonly [Uint8Array, Uint8Array] {
    return isOfStream(packet, fields)
      ? this.#segments(packet, fields.payloadAt, fittingBytes)
      : this.#fragments(packet, fittingBytes)
  }

  #segments(packet: Uint8Array, tcpAt: number, fittingBytes: number): readonly [Uint8Array, Uint8Array] {
    const headBytes = tcpAt + tcpHeaderBytes(packet, tcpAt)
    const first = written(this.#first, packet, headBytes, headBytes, fittingBytes)
    const second = written(this.#second, packet, headBytes, fittingBytes, packet.length)
    writeU32(second, tcpAt + SEQUENCE, readU32(packet, tcpAt + SEQUENCE) + fittingBytes - headBytes)
    // The end is where the last byte is; that a window was reduced is said once, with the first (RFC 3168 §6.1.2).
    first[tcpAt + FLAGS]! &= ~(FLAG.fin | FLAG.psh)
    second[tcpAt + FLAGS]! &= ~CWR
    sum(first, tcpAt)
    sum(second, tcpAt)
    return [first, second]
  }

  /** A fragment that is too long itself is one of two more of the same packet. */
  #fragments(packet: Uint8Array, fittingBytes: number): readonly [Uint8Array, Uint8Array] {
    const isFragment = packet[NEXT_HEADER] === FRAGMENT_HEADER
    const from = isFragment ? FRAGMENT_HEAD_BYTES : IPV6_HEADER_BYTES
    const carriedBytes = (fittingBytes - FRAGMENT_HEAD_BYTES) & OFFSET_BITS[6]
    const until = from + carriedBytes
    const first = written(this.#first, packet, FRAGMENT_HEAD_BYTES, from, until)
    const second = written(this.#second, packet, FRAGMENT_HEAD_BYTES, until, packet.length)
    const before = isFragment ? readU16(packet, OFFSET) : 0
    if (!isFragment) this.#id = (this.#id + 1) >>> 0
    for (const fragment of [first, second]) {
      if (isFragment) continue
      fragment[NEXT_HEADER] = FRAGMENT_HEADER
      writeU16(fragment, IPV6_HEADER_BYTES, packet[NEXT_HEADER]! << 8)
      writeU32(fragment, ID, this.#id)
    }
    writeU16(first, OFFSET, before | MORE[6])
    writeU16(second, OFFSET, before + carriedBytes)
    return [first, second]
  }
}

/** As many bytes of the packet's head as stand in front, then those of the packet between two places. */
const written = (
  out: Uint8Array,
  packet: Uint8Array,
  headBytes: number,
  from: number,
  until: number,
): Uint8Array => {
  out.set(packet.subarray(0, headBytes))
  out.set(packet.subarray(from, until), headBytes)
  const bytes = headBytes + until - from
  writeU16(out, LENGTH, bytes - IPV6_HEADER_BYTES)
  return out.subarray(0, bytes)
}
