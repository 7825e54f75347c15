/** What is too long for a path goes in two that fit, and means what it meant. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isIntact } from '../../../../../src/plugins/transport-ntm/net/checksum.ts'
import { readU32, writeU32 } from '../../../../../src/plugins/transport-ntm/net/tcp/options.ts'
import { Halves } from '../../../../../src/plugins/transport-ntm/net/tun/halves.ts'
import { PacketFields } from '../../../../../src/plugins/transport-ntm/net/tun/packet-fields.ts'
import { readU16, writeU16 } from '../../../../../src/plugins/transport-ntm/net/u16.ts'
import { ALICE, BOB, echoPacket, udpPacket } from '../packets.ts'
import { FLAGS, segment, sumOf } from './segments.ts'

const FITTING = 1_200
const FIRST_ID = 0xffff_ffff
const [PSH, URG, CWR] = [0x08, 0x20, 0x80]
/** Of a whole packet, where a fragment's data begins, and where that of a packet that is none. */
const [WHOLE_BYTES, FRAGMENT_HEAD_BYTES, HEADER_BYTES] = [1_280, 48, 40]

const halves = new Halves(FIRST_ID)
const halved = (packet: Uint8Array): readonly Uint8Array[] => {
  const [before, fields] = [packet.slice(), new PacketFields()]
  expect(fields.read(packet)).toBe(true)
  const pieces = halves.of(packet, fields, FITTING).map(piece => piece.slice())
  expect(packet).toEqual(before)
  for (const piece of pieces) {
    expect(piece.length).toBeLessThanOrEqual(FITTING)
    expect(readU16(piece, 4)).toBe(piece.length - HEADER_BYTES)
    expect(piece.subarray(8, HEADER_BYTES)).toEqual(packet.subarray(8, HEADER_BYTES))
    expect([...piece.subarray(0, 4), piece[7]]).toEqual([...packet.subarray(0, 4), packet[7]])
  }
  return pieces
}
/** Bytes that are all different from their neighbours. */
const payload = (bytes: number): Uint8Array => Uint8Array.from({ length: bytes }, (_, at) => (at * 7) % 251)

describe('a TCP segment', () => {
  const [FLAGS_AT, SEQUENCE, ACK_AND_WINDOW] = [HEADER_BYTES + 13, HEADER_BYTES + 4, [48, 12]] as const
  const made = (flags: number, words: number, sequence: number, bytes = WHOLE_BYTES): Uint8Array => {
    const options = Array.from({ length: words * 4 }, (_, at) => at + 1)
    const packet = segment({
      ...{ from: ALICE, to: BOB, flags, options, payload: payload(bytes - 60 - options.length) },
    })
    writeU32(packet, SEQUENCE, sequence)
    packet.set([0, 0, 1, 2, 0, 0, 3, 4], ACK_AND_WINDOW[0])
    packet[FLAGS_AT - 1] = (5 + words) << 4
    packet[FLAGS_AT] = flags
    return packet
  }
  const dataOf = (packet: Uint8Array): Uint8Array =>
    packet.subarray(HEADER_BYTES + (packet[FLAGS_AT - 1]! >>> 4) * 4)

  it('becomes two that follow each other, with all options, whatever they are', () => {
    fc.assert(
      fc.property(
        ...[fc.nat(10), fc.nat(0xffff_ffff), fc.integer({ min: 1_201, max: WHOLE_BYTES })],
        (words, sequence, bytes) => {
          const packet = made(FLAGS.ack, words, sequence, bytes)
          const pieces = halved(packet)
          const [first, second] = pieces as [Uint8Array, Uint8Array]
          expect(first.length).toBe(FITTING)
          expect([...dataOf(first), ...dataOf(second)]).toEqual([...dataOf(packet)])
          expect(readU32(first, SEQUENCE)).toBe(sequence)
          expect(readU32(second, SEQUENCE)).toBe((sequence + dataOf(first).length) % 0x1_0000_0000)
          for (const piece of pieces) {
            expect(isIntact(sumOf(piece, ALICE, BOB))).toBe(true)
            expect(piece.subarray(60, 60 + words * 4)).toEqual(packet.subarray(60, 60 + words * 4))
            expect(piece.subarray(48, 56)).toEqual(packet.subarray(48, 56))
          }
        },
      ),
      { seed: 7, numRuns: 50 },
    )
  })

  it('ends with its second half, and says in the first that the window was reduced', () => {
    const flagsOf = (flags: number) => halved(made(flags, 3, 5)).map(piece => piece[FLAGS_AT])
    const all = FLAGS.ack | FLAGS.fin | PSH | CWR
    expect(flagsOf(all)).toEqual([FLAGS.ack | CWR, FLAGS.ack | FLAGS.fin | PSH])
    expect(flagsOf(FLAGS.ack)).toEqual([FLAGS.ack, FLAGS.ack])
  })

  it.each([
    ['opens a connection', FLAGS.syn],
    ['ends it at once', FLAGS.rst],
    ['has something urgent', FLAGS.ack | URG],
  ])('that %s stays one, in fragments', (_what, flags) => {
    expect(halved(made(flags, 0, 5)).map(piece => piece[6])).toEqual([44, 44])
  })

  it('whose header is longer than it is is taken for nothing but bytes', () => {
    const packet = made(FLAGS.ack, 0, 5)
    for (const words of [0, 4]) {
      packet[FLAGS_AT - 1] = words << 4
      expect(halved(packet).map(piece => piece[6])).toEqual([44, 44])
    }
  })
})

describe('anything else', () => {
  /** Written independently of the code under test. */
  const reassembled = (pieces: readonly Uint8Array[]): Uint8Array => {
    const offsetOf = (piece: Uint8Array) => readU16(piece, 42) & 0xfff8
    expect(new Set(pieces.map(piece => readU32(piece, 44))).size).toBe(1)
    expect(pieces.map(piece => piece[6])).toEqual(pieces.map(() => 44))
    const data = pieces.flatMap(piece => {
      const from = offsetOf(piece)
      return [...piece.subarray(FRAGMENT_HEAD_BYTES)].map((byte, at) => [from + at, byte] as const)
    })
    const whole = new Uint8Array(HEADER_BYTES + data.length)
    whole.set(pieces[0]!.subarray(0, HEADER_BYTES))
    for (const [at, byte] of data) whole[HEADER_BYTES + at] = byte
    whole[6] = pieces[0]![40]!
    writeU16(whole, 4, data.length)
    return whole
  }
  const isMore = (piece: Uint8Array): boolean => (piece[43]! & 1) === 1

  it.each([
    ['a datagram', (bytes: number) => udpPacket(ALICE, 5, BOB, 443, payload(bytes - 48))],
    ['an echo', (bytes: number) => echoPacket(ALICE, BOB, 'echo-request', 9, 1, payload(bytes - 48))],
  ])('%s becomes two fragments of it', (_name, made) => {
    for (const bytes of [1_201, 1_202, 1_208, WHOLE_BYTES]) {
      const packet = made(bytes)
      const pieces = halved(packet)
      expect(pieces.map(isMore)).toEqual([true, false])
      expect(reassembled(pieces)).toEqual(packet)
    }
  })

  it('a fragment becomes two of the same packet', () => {
    const datagram = udpPacket(ALICE, 5, BOB, 443, payload(1_900))
    const sizes = [1_232, datagram.length - HEADER_BYTES - 1_232]
    const fragments = sizes.map((bytes, at) => {
      const data = datagram.subarray(HEADER_BYTES + at * 1_232, HEADER_BYTES + at * 1_232 + bytes)
      const fragment = Uint8Array.from([
        ...datagram.subarray(0, HEADER_BYTES),
        17,
        0,
        0,
        0,
        9,
        9,
        9,
        9,
        ...data,
      ])
      fragment[6] = 44
      writeU16(fragment, 4, 8 + bytes)
      writeU16(fragment, 42, (at * 1_232) | (at === 0 ? 1 : 0))
      return fragment
    })
    const pieces = [...halved(fragments[0]!), fragments[1]!]
    expect(pieces.map(isMore)).toEqual([true, true, false])
    expect(reassembled(pieces)).toEqual(datagram)
    const last = fragments[0]!
    writeU16(last, 42, 1_232)
    expect(halved(last).map(piece => [isMore(piece), readU16(piece, 42) & 0xfff8])).toEqual([
      [true, 1_232],
      [false, 1_232 + 1_152],
    ])
  })

  it('has a number of its own, which begins anew after the last', () => {
    const idOf = (id: number) => {
      const fresh = new Halves(id)
      const fields = new PacketFields()
      const packet = udpPacket(ALICE, 5, BOB, 443, payload(1_200))
      fields.read(packet)
      return [1, 2].map(() => readU32(fresh.of(packet, fields, FITTING)[1], 44))
    }
    expect(idOf(6)).toEqual([7, 8])
    expect(idOf(FIRST_ID)).toEqual([0, 1])
  })
})
