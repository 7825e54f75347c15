/** Segments are read as they were written, and what cannot be one is refused for one reason. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  addWords,
  checksumOf,
  pseudoHeaderSum,
} from '../../../../../src/plugins/transport-ntm/net/checksum.ts'
import { FLAG, parseTcp, Segment } from '../../../../../src/plugins/transport-ntm/net/tcp/segment.ts'
import { fuzzRuns } from '../../../../support/fuzz.ts'
import { ALICE, ALICE_V4, BOB, BOB_V4 } from '../packets.ts'
import { anySegment, ipOf, segmentOf, tcpPacket } from './segments.ts'

const IPV6_HEADER_BYTES = 40

const factsOf = (segment: Segment) => {
  const { sourcePort, destinationPort, seq, ack, flags, window, payload, options } = segment
  const { mss, windowScale, isSackPermitted, hasTimestamps, sackBlocks } = options
  const stamps = hasTimestamps ? [options.timestamp, options.timestampEcho] : []
  const sacks = [...options.sacks.subarray(0, 2 * sackBlocks)]
  return [
    ...[sourcePort, destinationPort, seq, ack, flags, window, [...payload]],
    ...[mss, windowScale, isSackPermitted, stamps, sacks],
  ]
}

/** A segment of raw header bytes behind an IPv6 header, with a checksum that is right. */
const rawPacket = (tcp: Uint8Array): Uint8Array => {
  const segment = new Segment()
  segment.set(1, 2, 3, 4, FLAG.ack)
  const packet = new Uint8Array(IPV6_HEADER_BYTES + tcp.length)
  packet.set(tcpPacket(ALICE, BOB, segment).subarray(0, IPV6_HEADER_BYTES))
  packet[4] = tcp.length >>> 8
  packet[5] = tcp.length
  packet.set(tcp, IPV6_HEADER_BYTES)
  if (tcp.length < 18) return packet
  packet.fill(0, IPV6_HEADER_BYTES + 16, IPV6_HEADER_BYTES + 18)
  const pseudo = pseudoHeaderSum(ALICE, BOB, 6, tcp.length)
  const checksum = checksumOf(addWords(packet, IPV6_HEADER_BYTES, packet.length, pseudo))
  packet[IPV6_HEADER_BYTES + 16] = checksum >>> 8
  packet[IPV6_HEADER_BYTES + 17] = checksum
  return packet
}

const header = (given: { flags?: number; offset?: number; ports?: [number, number] }): number[] => {
  const [source, destination] = given.ports ?? [5, 6]
  return [
    ...[source >>> 8, source & 0xff, destination >>> 8, destination & 0xff],
    ...[0, 0, 0, 1, 0, 0, 0, 2],
    ...[(given.offset ?? 5) << 4, given.flags ?? FLAG.ack, 0, 100, 0, 0, 0, 0],
  ]
}

const whyOf = (tcp: readonly number[]): string => {
  const parsed = parseTcp(ipOf(rawPacket(Uint8Array.from(tcp))))
  return parsed.ok ? 'taken' : parsed.why
}

describe('a segment', () => {
  it('is read as it was written, over both versions of IP, by one reader again and again', () => {
    const reader = new Segment()
    fc.assert(
      fc.property(anySegment, fc.boolean(), (segment, isV4) => {
        const packet = isV4 ? tcpPacket(ALICE_V4, BOB_V4, segment) : tcpPacket(ALICE, BOB, segment)
        const parsed = parseTcp(ipOf(packet), reader)
        expect(parsed).toMatchObject({ ok: true })
        expect(factsOf(reader)).toEqual(factsOf(segment))
      }),
      { numRuns: fuzzRuns(500) },
    )
  })

  it('is refused with any bit of it turned, beyond the IP header', () => {
    fc.assert(
      fc.property(anySegment, fc.nat(), fc.nat({ max: 7 }), (segment, at, bit) => {
        const packet = tcpPacket(ALICE, BOB, segment)
        packet[IPV6_HEADER_BYTES + (at % (packet.length - IPV6_HEADER_BYTES))]! ^= 1 << bit
        expect(parseTcp(ipOf(packet)).ok).toBe(false)
      }),
      { numRuns: fuzzRuns(500) },
    )
  })

  it('of any bytes is read or refused, and never throws', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), tcp => {
        const parsed = parseTcp(ipOf(rawPacket(tcp)))
        if (parsed.ok) expect(parsed.value.payload.length).toBeLessThanOrEqual(tcp.length - 20)
      }),
      { numRuns: fuzzRuns(2000) },
    )
  })

  it.each([
    ['19 bytes', header({}).slice(0, 19), 'tcp-truncated'],
    ['a header of 16 bytes', header({ offset: 4 }), 'tcp-header-length'],
    ['a header that ends behind the packet', header({ offset: 6 }), 'tcp-header-length'],
    ['port 0', header({ ports: [0, 6] }), 'tcp-port'],
    ['towards port 0', header({ ports: [6, 0] }), 'tcp-port'],
    ['no flag', header({ flags: 0 }), 'tcp-flags'],
    ['FIN alone', header({ flags: FLAG.fin }), 'tcp-flags'],
    ['PSH and URG alone', header({ flags: FLAG.psh | FLAG.urg }), 'tcp-flags'],
    ['SYN with FIN', header({ flags: FLAG.syn | FLAG.fin }), 'tcp-flags'],
    ['SYN with RST', header({ flags: FLAG.syn | FLAG.rst | FLAG.ack }), 'tcp-flags'],
    ['RST with FIN', header({ flags: FLAG.rst | FLAG.fin | FLAG.ack }), 'tcp-flags'],
    ['every flag', header({ flags: 0xff }), 'tcp-flags'],
    ['an option of length 0', [...header({ offset: 6 }), 8, 0, 0, 0], 'tcp-options'],
    ['an option of length 1', [...header({ offset: 6 }), 8, 1, 0, 0], 'tcp-options'],
    ['an option that ends behind the header', [...header({ offset: 6 }), 1, 8, 4, 0], 'tcp-options'],
    ['an option without a length', [...header({ offset: 6 }), 1, 1, 1, 8], 'tcp-options'],
    ['an unknown option', [...header({ offset: 6 }), 77, 4, 9, 9], 'taken'],
    ['padding behind the end of options', [...header({ offset: 6 }), 0, 8, 0, 0], 'taken'],
    ['urgent data', header({ flags: FLAG.ack | FLAG.urg }), 'taken'],
  ])('with %s', (_name, tcp, why) => {
    expect(whyOf(tcp)).toBe(why)
  })

  it.each([
    ['MSS of length 3', FLAG.syn, [2, 3, 5, 1]],
    ['MSS outside a SYN', FLAG.ack, [2, 4, 5, 1]],
    ['window scale outside a SYN', FLAG.ack, [3, 3, 7, 1]],
    ['SACK with half a block', FLAG.ack, [5, 6, 0, 0, 0, 1, 1, 1]],
    ['SACK permitted of length 3', FLAG.syn, [4, 3, 0, 1]],
  ])('goes without %s', (_name, flags, options) => {
    const tcp = [...header({ flags, offset: 5 + options.length / 4 }), ...options]
    const read = segmentOf(rawPacket(Uint8Array.from(tcp))).options
    expect([read.mss, read.windowScale, read.isSackPermitted, read.sackBlocks]).toEqual([0, -1, false, 0])
  })

  it('with a window scale beyond 14 counts as 14', () => {
    const tcp = [...header({ flags: FLAG.syn, offset: 6 }), 3, 3, 200, 1]
    expect(segmentOf(rawPacket(Uint8Array.from(tcp))).options.windowScale).toBe(14)
  })
})
