/**
 * Segments as a liar makes them: ones that were really said, with bits turned, cut short, two made one, options of
 * garbage, and numbers moved to where the edges of a window lie. Most get their lengths and checksums mended, because
 * nothing else is looked at any further.
 */
import type { SeededRandom } from '../../../../src/kernel/testing/seeded-random.ts'
import { ACK, FIN, PSH, RST, restamp, SYN, tcpStart, URG } from '../../../support/tcp/wire.ts'

/** Where numbers and ports may be moved to. */
export interface Aim {
  readonly ports: readonly (readonly [remote: number, own: number])[]
  readonly seqs: readonly number[]
  readonly acks: readonly number[]
  /** Timestamps that were heard last. */
  readonly stamps: readonly number[]
}

const TCP_BYTES = 20
const OPTION_BYTES_MAX = 40
const TCP = 6
const MENDED_SHARE = 0.85
const KINDS = [0, 1, 2, 3, 4, 5, 8, 19, 34, 254] as const
const LENGTHS = [0, 1, 2, 3, 4, 10, 18, 26, 34, 40, 250, 255] as const
const FLAGS = [
  SYN,
  SYN | ACK,
  ACK,
  ACK | PSH,
  ACK | FIN,
  RST,
  RST | ACK,
  SYN | FIN,
  0,
  0xff,
  ACK | URG,
] as const
/** Beside the edge, half the circle away from it, and a window or so. */
const STEPS = [
  0, 1, -1, 2, -2, 255, 256, -256, 65_535, -65_536, 0x7fff_ffff, 0x8000_0000, 0x4000_0000,
] as const

export const pick = <T>(random: SeededRandom, from: readonly T[]): T =>
  from[random.between(0, from.length - 1)]!

type Mutation = (
  random: SeededRandom,
  packet: Uint8Array,
  samples: readonly Uint8Array[],
  aim: Aim,
) => Uint8Array

const withBits: Mutation = (random, packet) => {
  const start = random.next() < 0.1 ? 0 : Math.min(tcpStart(packet), packet.length)
  const end = Math.min(packet.length, start + TCP_BYTES + random.between(0, OPTION_BYTES_MAX))
  if (end <= start) return packet
  for (let left = random.between(1, 4); left > 0; left--)
    packet[random.between(start, end - 1)]! ^= 1 << random.between(0, 7)
  return packet
}

const cut: Mutation = (random, packet) => packet.slice(0, random.between(0, packet.length))

const longer: Mutation = (random, packet) => {
  const more = new Uint8Array(packet.length + random.between(1, 64))
  more.set(random.bytes(more.length))
  more.set(packet)
  return more
}

const spliced: Mutation = (random, packet, samples) => {
  const other = pick(random, samples)
  const head = packet.subarray(0, random.between(0, packet.length))
  return Uint8Array.from([...head, ...other.subarray(random.between(0, other.length))])
}

const garbage = (random: SeededRandom, bytes: number): Uint8Array => {
  const options = random.bytes(bytes)
  for (let at = 0; at < bytes; at += random.between(1, 10)) {
    options[at] = pick(random, KINDS)
    if (at + 1 < bytes) options[at + 1] = pick(random, LENGTHS)
  }
  return options
}

const withOptions: Mutation = (random, packet) => {
  const start = tcpStart(packet)
  if (packet.length < start + TCP_BYTES) return packet
  const behind = Math.min(packet.length, start + Math.max(TCP_BYTES, (packet[start + 12]! >>> 4) * 4))
  const bytes = 4 * random.between(0, OPTION_BYTES_MAX / 4)
  const changed = Uint8Array.from([
    ...packet.subarray(0, start + TCP_BYTES),
    ...garbage(random, bytes),
    ...packet.subarray(behind),
  ])
  const words = random.next() < 0.8 ? (TCP_BYTES + bytes) / 4 : random.between(0, 15)
  changed[start + 12] = words << 4
  return changed
}

const viewOf = ({ buffer, byteOffset, length }: Uint8Array): DataView =>
  new DataView(buffer, byteOffset, length)

const STAMP = [8, 10] as const

/** Where the value of the timestamps stands, as everybody writes them; -1: nowhere. */
const stampAt = (packet: Uint8Array, start: number): number => {
  const end = Math.min(packet.length, start + (packet[start + 12]! >>> 4) * 4)
  for (let at = start + TCP_BYTES; at + 10 <= end; at++)
    if (packet[at] === STAMP[0] && packet[at + 1] === STAMP[1]) return at + 2
  return -1
}

const withNumbers: Mutation = (random, packet, _, { seqs, acks, stamps }) => {
  const start = tcpStart(packet)
  if (packet.length < start + TCP_BYTES) return packet
  const view = viewOf(packet)
  if (random.next() < 0.8) view.setUint32(start + 4, pick(random, seqs) + pick(random, STEPS))
  if (random.next() < 0.6) view.setUint32(start + 8, pick(random, acks) + pick(random, STEPS))
  if (random.next() < 0.1) view.setUint16(start + 14, pick(random, [0, 1, 0xffff]))
  const at = stampAt(packet, start)
  if (at >= 0 && random.next() < 0.7)
    view.setUint32(at, pick(random, stamps) + pick(random, [0, 0, 0, ...STEPS]))
  return packet
}

const withFlags: Mutation = (random, packet) => {
  const at = tcpStart(packet) + 13
  if (at < packet.length) packet[at] = pick(random, FLAGS)
  return packet
}

const withPorts: Mutation = (random, packet, _, { ports }) => {
  const start = tcpStart(packet)
  if (packet.length < start + 4) return packet
  const [remote, own] = pick(random, ports)
  const view = viewOf(packet)
  view.setUint16(start, remote)
  view.setUint16(start + 2, own)
  return packet
}

const MUTATIONS: readonly Mutation[] = [
  ...[withBits, withBits, cut, longer, spliced, withOptions, withOptions],
  ...[withNumbers, withNumbers, withNumbers, withFlags, withFlags, withPorts],
]

/** Makes lengths and checksums right, where there is a place for them. */
const mend = (packet: Uint8Array): void => {
  const isV4 = packet.length > 0 && packet[0]! >>> 4 === 4
  const start = packet.length === 0 ? 0 : tcpStart(packet)
  if (packet.length < start + TCP_BYTES || (isV4 && start < 20)) return
  const view = viewOf(packet)
  if (isV4) {
    packet[9] = TCP
    view.setUint16(2, packet.length)
    view.setUint16(6, 0)
    view.setUint16(10, 0)
    let sum = 0
    for (let at = 0; at < start; at += 2) sum += view.getUint16(at)
    while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16)
    view.setUint16(10, sum ^ 0xffff)
  } else {
    packet[6] = TCP
    view.setUint16(4, packet.length - start)
  }
  restamp(packet)
}

/** One of the samples after one to three injuries. */
export function mutantOf(random: SeededRandom, samples: readonly Uint8Array[], aim: Aim): Uint8Array {
  let packet: Uint8Array = pick(random, samples).slice()
  for (let left = random.between(1, 3); left > 0 && packet.length > 0; left--)
    packet = pick(random, MUTATIONS)(random, packet, samples, aim)
  if (random.next() < MENDED_SHARE) mend(packet)
  return packet
}

/** One of the samples, whole but for its ports, and sometimes for its numbers or flags. */
export function strayOf(random: SeededRandom, samples: readonly Uint8Array[], aim: Aim): Uint8Array {
  const packet = withPorts(random, pick(random, samples).slice(), samples, aim)
  const chance = random.next()
  if (chance < 0.2) withNumbers(random, packet, samples, aim)
  else if (chance < 0.3) withFlags(random, packet, samples, aim)
  mend(packet)
  return packet
}
