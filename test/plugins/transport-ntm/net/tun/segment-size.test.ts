/** Segment sizes are lowered in a SYN alone, and the checksum holds afterwards wherever the option stands. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isIntact } from '../../../../../src/plugins/transport-ntm/net/checksum.ts'
import { PacketFields } from '../../../../../src/plugins/transport-ntm/net/tun/packet-fields.ts'
import { clampSegmentSize } from '../../../../../src/plugins/transport-ntm/net/tun/segment-size.ts'
import { ALICE, ALICE_V4, BOB, BOB_V4 } from '../packets.ts'
import { FLAGS, segment, sumOf } from './segments.ts'

const FITTING = { 4: 1200 - 40, 6: 1200 - 60 } as const
const mss = (bytes: number): readonly number[] => [2, 4, bytes >>> 8, bytes & 0xff]

const clamped = (packet: Uint8Array, packetBytes = 1200): Uint8Array => {
  const fields = new PacketFields()
  expect(fields.read(packet)).toBe(true)
  clampSegmentSize(packet, fields, packetBytes)
  return packet
}
const optionsOf = (packet: Uint8Array, version: 4 | 6): readonly number[] => [
  ...packet.subarray(version === 4 ? 40 : 60),
]

describe('the maximum segment size of a SYN', () => {
  it.each([
    ['IPv6', 6, ALICE, BOB],
    ['IPv4', 4, ALICE_V4, BOB_V4],
  ] as const)('is no more than what fits, over %s', (_name, version, from, to) => {
    for (const flags of [FLAGS.syn, FLAGS.syn | FLAGS.ack]) {
      const packet = clamped(segment({ from, to, flags, options: mss(1440) }))
      expect(optionsOf(packet, version)).toEqual(mss(FITTING[version]))
      expect(isIntact(sumOf(packet, from, to))).toBe(true)
    }
  })

  it('stays as it is where it fits, and where the segment opens nothing', () => {
    const small = segment({ from: ALICE, to: BOB, options: mss(FITTING[6]) })
    expect(clamped(small.slice())).toEqual(small)
    const later = segment({ from: ALICE, to: BOB, flags: FLAGS.ack, options: mss(1440) })
    expect(clamped(later.slice())).toEqual(later)
  })

  it('is found behind any options, at an odd place too, and every other byte is kept', () => {
    fc.assert(
      fc.property(
        fc.nat(7),
        fc.integer({ min: 0, max: 0xffff }),
        fc.uint8Array({ maxLength: 9 }),
        (before, named, payload) => {
          const padding = (8 - before + 4) % 4
          const options = [...Array(before).fill(1), ...mss(named), ...Array(padding).fill(0)]
          const packet = clamped(segment({ from: ALICE, to: BOB, options, payload }))
          const told = optionsOf(packet, 6)
          expect(told.slice(before, before + 4)).toEqual(mss(Math.min(named, FITTING[6])))
          expect(told.slice(before + 4 + padding)).toEqual([...payload])
          expect(isIntact(sumOf(packet, ALICE, BOB))).toBe(true)
        },
      ),
      { seed: 4 },
    )
  })

  it('is not read out of options that make no sense, which end the search', () => {
    for (const options of [
      [2, 0, 5, 160],
      [8, 1, 1, 1, ...mss(1440)],
      [0, 0, 0, 0, ...mss(1440)],
      [2, 3, 5, 160],
      [1, 1, 2, 4],
    ]) {
      const packet = segment({ from: ALICE, to: BOB, options })
      expect(clamped(packet.slice())).toEqual(packet)
    }
  })

  it('no bytes make it throw or write outside the option', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 40, maxLength: 120 }), fc.boolean(), (bytes, isIpv6) => {
        bytes[0] = isIpv6 ? 0x60 : 0x45
        const fields = new PacketFields()
        if (fields.read(bytes, 0, false)) clampSegmentSize(bytes, fields, 1200)
      }),
      { seed: 4, numRuns: 500 },
    )
  })
})
