/**
 * ICMP (RFC 792) and ICMPv6 (RFC 4443), as much as an end of a tunnel needs: echo both ways, and saying that a
 * port or a protocol is not there. What arrives beyond that is told apart only as "error" or "other".
 */
import { ok, type Result, refuse } from '../../../events/result.ts'
import { addWords, checksumOf, isIntact, pseudoHeaderSum } from './checksum.ts'
import { ipHeaderBytes, writeIpHeader } from './ip.ts'
import { ICMPV4_ERROR_MAX } from './limits.ts'
import { type IpPacket, PROTOCOL } from './packet.ts'
import { readU16, writeU16 } from './u16.ts'

export const ICMP_HEADER_BYTES = 8

/** A quotation holds at least this much beyond the IP header, or says nothing worth sending (RFC 792). */
const QUOTED_BEYOND_HEADER_MIN = 8

type IcmpKind = 'echo-request' | 'echo-reply' | 'error' | 'other'
export type EchoKind = 'echo-request' | 'echo-reply'

/** `id`, `seq` and `payload` mean something in an echo only. */
export interface IcmpMessage {
  readonly kind: IcmpKind
  readonly id: number
  readonly seq: number
  /** A view into the packet. */
  readonly payload: Uint8Array
}

export type IcmpRefusal = 'icmp-truncated' | 'icmp-checksum'

/** What was not there, a UDP port, the protocol as a whole, the host; or what is forbidden, or does not fit. */
export type Unreachable = 'port' | 'protocol' | 'host' | 'prohibited' | 'too-big'

/**
 * [type, code, the 32 bits after the checksum]. ICMPv6 points at the next header field for a protocol; of what does not
 * fit, the bits say what would.
 */
const UNREACHABLE = {
  4: { port: [3, 3, 0], protocol: [3, 2, 0], host: [3, 1, 0], prohibited: [3, 13, 0], 'too-big': [3, 4, 0] },
  6: { port: [1, 4, 0], protocol: [4, 1, 6], host: [1, 3, 0], prohibited: [1, 1, 0], 'too-big': [2, 0, 0] },
} as const

/** By the version of IP. */
export const ECHO_TYPE = {
  4: { 'echo-request': 8, 'echo-reply': 0 },
  6: { 'echo-request': 128, 'echo-reply': 129 },
} as const

/** Unreachable, source quench, redirect, time exceeded, parameter problem. */
const ICMPV4_ERRORS: readonly number[] = [3, 4, 5, 11, 12]
export const ICMPV6_ERROR_LAST = 127

const versionOf = (address: Uint8Array): 4 | 6 => (address.length === 4 ? 4 : 6)

/** The protocol number that carries ICMP in this version of IP. */
export const icmpProtocol = (version: 4 | 6): number => (version === 4 ? PROTOCOL.icmp : PROTOCOL.icmpv6)

const kindOf = (version: 4 | 6, type: number, code: number): IcmpKind => {
  if (version === 4 ? ICMPV4_ERRORS.includes(type) : type <= ICMPV6_ERROR_LAST) return 'error'
  if (code !== 0) return 'other'
  if (type === ECHO_TYPE[version]['echo-request']) return 'echo-request'
  return type === ECHO_TYPE[version]['echo-reply'] ? 'echo-reply' : 'other'
}

/** Only ICMPv6 covers the addresses with its checksum. */
const pseudoSum = (source: Uint8Array, destination: Uint8Array, icmpBytes: number): number =>
  source.length === 4 ? 0 : pseudoHeaderSum(source, destination, PROTOCOL.icmpv6, icmpBytes)

/** Reads the payload of an IP packet whose protocol is the ICMP of its version. Never throws. */
export const parseIcmp = (ip: IpPacket): Result<IcmpMessage, IcmpRefusal> => {
  const { payload } = ip
  if (payload.length < ICMP_HEADER_BYTES) return refuse('icmp-truncated')
  const pseudo = pseudoSum(ip.source, ip.destination, payload.length)
  if (!isIntact(addWords(payload, 0, payload.length, pseudo))) return refuse('icmp-checksum')
  return ok({
    kind: kindOf(ip.version, payload[0]!, payload[1]!),
    id: readU16(payload, 4),
    seq: readU16(payload, 6),
    payload: payload.subarray(ICMP_HEADER_BYTES),
  })
}

const writeIcmp = (
  out: Uint8Array,
  source: Uint8Array,
  destination: Uint8Array,
  type: number,
  code: number,
  rest: number,
  body: Uint8Array,
): number => {
  const icmpBytes = ICMP_HEADER_BYTES + body.length
  const start = writeIpHeader(out, source, destination, icmpProtocol(versionOf(destination)), icmpBytes)
  out[start] = type
  out[start + 1] = code
  writeU16(out, start + 2, 0)
  writeU16(out, start + 4, rest >>> 16)
  writeU16(out, start + 6, rest)
  out.set(body, start + ICMP_HEADER_BYTES)
  const pseudo = pseudoSum(source, destination, icmpBytes)
  writeU16(out, start + 2, checksumOf(addWords(out, start, start + icmpBytes, pseudo)))
  return start + icmpBytes
}

/** Writes a whole IP packet with one echo at the start of `out`, and returns its length, bytes. */
export const writeEcho = (
  out: Uint8Array,
  source: Uint8Array,
  destination: Uint8Array,
  kind: EchoKind,
  id: number,
  seq: number,
  payload: Uint8Array,
): number =>
  writeIcmp(out, source, destination, ECHO_TYPE[versionOf(destination)][kind], 0, (id << 16) | seq, payload)

/**
 * Writes the error that tells the sender of `invoking` what is not there, quoting as much of it as keeps the
 * answer no longer than what came, or than `maxBytes`. Returns its length, or undefined where too little could be quoted.
 * `mtuBytes`: what fits.
 */
export const writeUnreachable = (
  out: Uint8Array,
  source: Uint8Array,
  what: Unreachable,
  invoking: IpPacket,
  { maxBytes = invoking.bytes.length, mtuBytes = 0 } = {},
): number | undefined => {
  const answerMax = Math.min(
    maxBytes,
    out.length,
    invoking.version === 4 ? ICMPV4_ERROR_MAX : Number.POSITIVE_INFINITY,
  )
  const quoteBytes = answerMax - ipHeaderBytes(source) - ICMP_HEADER_BYTES
  const invokingHeaderBytes = invoking.bytes.length - invoking.payload.length
  if (quoteBytes < invokingHeaderBytes + QUOTED_BEYOND_HEADER_MIN) return undefined
  const [type, code, pointer] = UNREACHABLE[invoking.version][what]
  const quote = invoking.bytes.subarray(0, quoteBytes)
  return writeIcmp(out, source, invoking.source, type, code, pointer + mtuBytes, quote)
}
