/** Valid packets to start from, and the addresses of Alice and Bob. */
import fc from 'fast-check'
import { type EchoKind, writeEcho } from '../../../../src/plugins/transport-ntm/net/icmp.ts'
import { writeUdp } from '../../../../src/plugins/transport-ntm/net/udp.ts'
import { hex } from './kernel-packets.ts'

export const ALICE = hex('fd00000000000000000000000000000a')
export const BOB = hex('fd00000000000000000000000000000b')
export const ALICE_V4 = hex('c612000a')
export const BOB_V4 = hex('c612000b')

const BUFFER_BYTES = 2048

export const udpPacket = (
  source: Uint8Array,
  sourcePort: number,
  destination: Uint8Array,
  destinationPort: number,
  payload: Uint8Array,
): Uint8Array => {
  const out = new Uint8Array(BUFFER_BYTES)
  return out.slice(0, writeUdp(out, source, sourcePort, destination, destinationPort, payload))
}

export const echoPacket = (
  source: Uint8Array,
  destination: Uint8Array,
  kind: EchoKind,
  id: number,
  seq: number,
  payload: Uint8Array,
): Uint8Array => {
  const out = new Uint8Array(BUFFER_BYTES)
  return out.slice(0, writeEcho(out, source, destination, kind, id, seq, payload))
}

const port = fc.integer({ min: 1, max: 0xffff })
const payload = fc.uint8Array({ maxLength: 200 })
const pair = fc.constantFrom([ALICE, BOB] as const, [ALICE_V4, BOB_V4] as const)

/** A datagram or an echo from Alice to Bob, over either version. */
export const anyPacket: fc.Arbitrary<Uint8Array> = fc.oneof(
  fc.tuple(pair, port, port, payload).map(([[from, to], a, b, bytes]) => udpPacket(from, a, to, b, bytes)),
  fc
    .tuple(pair, fc.constantFrom<EchoKind>('echo-request', 'echo-reply'), port, port, payload)
    .map(([[from, to], kind, id, seq, bytes]) => echoPacket(from, to, kind, id, seq, bytes)),
)

/** A valid packet with a few bytes overwritten, then cut short or padded. */
export const damagedPacket: fc.Arbitrary<Uint8Array> = fc
  .tuple(
    anyPacket,
    fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 4 }),
    fc.option(fc.nat(), { nil: undefined }),
    fc.nat({ max: 20 }),
  )
  .map(([packet, writes, cut, padding]) => {
    const kept = cut === undefined ? packet : packet.subarray(0, cut % (packet.length + 1))
    const damaged = new Uint8Array(kept.length + padding)
    damaged.set(kept)
    // Half of the writes go into the headers, where they matter.
    for (const [at, value] of writes) {
      const span = at % 2 === 0 ? Math.min(48, damaged.length) : damaged.length
      if (span > 0) damaged[(at >>> 1) % span] = value
    }
    return damaged
  })
