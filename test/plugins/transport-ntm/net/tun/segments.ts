/** TCP segments with any options, made independently of the code under test. */
import {
  addWords,
  checksumOf,
  pseudoHeaderSum,
} from '../../../../../src/plugins/transport-ntm/net/checksum.ts'
import { writeIpHeader } from '../../../../../src/plugins/transport-ntm/net/ip.ts'
import { writeU16 } from '../../../../../src/plugins/transport-ntm/net/u16.ts'

export const FLAGS = { fin: 1, syn: 2, rst: 4, ack: 16 } as const
const TCP = 6
const HEADER_BYTES = 20

export interface SegmentSpec {
  readonly from: Uint8Array
  readonly to: Uint8Array
  readonly ports?: readonly [number, number]
  readonly flags?: number
  /** A multiple of four bytes. */
  readonly options?: readonly number[]
  readonly payload?: Uint8Array
}

export const segment = ({
  from,
  to,
  ports = [40_000, 80],
  flags = FLAGS.syn,
  options = [],
  payload,
}: SegmentSpec): Uint8Array => {
  const tcpBytes = HEADER_BYTES + options.length + (payload?.length ?? 0)
  const out = new Uint8Array(100 + tcpBytes)
  const start = writeIpHeader(out, from, to, TCP, tcpBytes)
  writeU16(out, start, ports[0])
  writeU16(out, start + 2, ports[1])
  out[start + 12] = ((HEADER_BYTES + options.length) / 4) << 4
  out[start + 13] = flags
  out.set(options, start + HEADER_BYTES)
  out.set(payload ?? [], start + HEADER_BYTES + options.length)
  writeU16(out, start + 16, 0)
  const sum = addWords(out, start, start + tcpBytes, pseudoHeaderSum(from, to, TCP, tcpBytes))
  writeU16(out, start + 16, checksumOf(sum))
  return out.slice(0, start + tcpBytes)
}

/** The sum over a whole segment with its checksum in place; see `isIntact`. */
export const sumOf = (packet: Uint8Array, from: Uint8Array, to: Uint8Array): number => {
  const start = from.length === 4 ? 20 : 40
  return addWords(packet, start, packet.length, pseudoHeaderSum(from, to, TCP, packet.length - start))
}
