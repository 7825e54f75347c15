/** What the parsers refuse, one line a fault, and that what they accept is what was written. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { addWords, checksumOf } from '../../../../src/plugins/transport-ntm/net/checksum.ts'
import { icmpProtocol, parseIcmp } from '../../../../src/plugins/transport-ntm/net/icmp.ts'
import { parseIp } from '../../../../src/plugins/transport-ntm/net/ip.ts'
import { PROTOCOL } from '../../../../src/plugins/transport-ntm/net/packet.ts'
import { parseUdp } from '../../../../src/plugins/transport-ntm/net/udp.ts'
import { fuzzRuns } from '../../../support/fuzz.ts'
import { hex } from './kernel-packets.ts'
import { ALICE, ALICE_V4, BOB, BOB_V4, damagedPacket, echoPacket, udpPacket } from './packets.ts'

const HELLO = hex('68656c6c6f21')
const UDP4 = udpPacket(ALICE_V4, 5000, BOB_V4, 6000, HELLO)
const UDP6 = udpPacket(ALICE, 5000, BOB, 6000, HELLO)
const ECHO4 = echoPacket(ALICE_V4, BOB_V4, 'echo-request', 1, 2, HELLO)
const ECHO6 = echoPacket(ALICE, BOB, 'echo-request', 1, 2, HELLO)

const changed = (
  packet: Uint8Array,
  ...writes: readonly (readonly [at: number, value: number])[]
): Uint8Array => {
  const copy = packet.slice()
  for (const [at, value] of writes) copy[at] = value
  return copy
}

/** The IPv4 header checksum made right again after a change, so that the fault under test is the only one. */
const mended = (packet: Uint8Array): Uint8Array => {
  const out = changed(packet, [10, 0], [11, 0])
  const checksum = checksumOf(addWords(out, 0, (out[0]! & 15) * 4))
  return changed(out, [10, checksum >>> 8], [11, checksum & 0xff])
}

const fateOf = (bytes: Uint8Array): string => {
  const ip = parseIp(bytes)
  if (!ip.ok) return ip.why
  if (ip.value.protocol === PROTOCOL.udp) {
    const udp = parseUdp(ip.value)
    return udp.ok ? 'datagram' : udp.why
  }
  if (ip.value.protocol !== icmpProtocol(ip.value.version)) return 'unknown'
  const icmp = parseIcmp(ip.value)
  return icmp.ok ? icmp.value.kind : icmp.why
}

describe('parsers', () => {
  it.each<readonly [string, Uint8Array, string]>([
    ['a good IPv4 datagram', UDP4, 'datagram'],
    ['a good IPv6 datagram', UDP6, 'datagram'],
    ['IPv6 with a byte behind it', Uint8Array.from([...UDP6, 0]), 'ip-length'],
    ['IPv4 with a byte behind it', Uint8Array.from([...UDP4, 0]), 'ip-length'],
    ['nothing', hex(''), 'ip-truncated'],
    ['one byte', hex('45'), 'ip-truncated'],
    ['19 bytes of IPv4', UDP4.subarray(0, 19), 'ip-truncated'],
    ['39 bytes of IPv6', UDP6.subarray(0, 39), 'ip-truncated'],
    ['version 0', changed(UDP6, [0, 0]), 'ip-version'],
    ['version 5', changed(UDP6, [0, 0x50]), 'ip-version'],
    ['an IPv4 header of 16 bytes', mended(changed(UDP4, [0, 0x44])), 'ipv4-header-length'],
    ['an IPv4 header longer than the packet', changed(UDP4, [0, 0x4f]), 'ipv4-header-length'],
    ['IPv4 one byte short', UDP4.subarray(0, UDP4.length - 1), 'ip-length'],
    ['IPv6 one byte short', UDP6.subarray(0, UDP6.length - 1), 'ip-length'],
    ['a wrong IPv4 header checksum', changed(UDP4, [8, 63]), 'ipv4-checksum'],
    ['a first fragment', mended(changed(UDP4, [6, 0x20])), 'ipv4-fragment'],
    ['a later fragment', mended(changed(UDP4, [7, 1])), 'ipv4-fragment'],
    ['the last fragment of a large offset', mended(changed(UDP4, [6, 0x10])), 'ipv4-fragment'],
    ...[0, 43, 44, 50, 51, 60, 135, 139, 140].map(
      next => [`IPv6 extension header ${next}`, changed(UDP6, [6, next]), 'ipv6-extension'] as const,
    ),
    ['no next header', changed(UDP6, [6, 59]), 'unknown'],
    ['a UDP header of 7 bytes', changed(UDP6, [5, 7]).subarray(0, 47), 'udp-truncated'],
    ['a UDP length below the payload', changed(UDP6, [45, 13]), 'udp-length'],
    ['a UDP length above the payload', changed(UDP6, [45, 15]), 'udp-length'],
    ['source port 0', changed(UDP6, [40, 0], [41, 0]), 'udp-port'],
    ['destination port 0', changed(UDP6, [42, 0], [43, 0]), 'udp-port'],
    ['a changed payload over IPv4', changed(UDP4, [30, 0]), 'udp-checksum'],
    ['a changed payload over IPv6', changed(UDP6, [50, 0]), 'udp-checksum'],
    ['a changed address over IPv6', changed(UDP6, [30, 1]), 'udp-checksum'],
    ['no checksum over IPv4', changed(UDP4, [26, 0], [27, 0], [30, 0]), 'datagram'],
    ['no checksum over IPv6', changed(UDP6, [46, 0], [47, 0]), 'udp-checksum-missing'],
    ['a good echo over IPv4', ECHO4, 'echo-request'],
    ['a good echo over IPv6', ECHO6, 'echo-request'],
    ['ICMP of 7 bytes', changed(ECHO6, [5, 7]).subarray(0, 47), 'icmp-truncated'],
    ['a changed echo over IPv4', changed(ECHO4, [28, 0]), 'icmp-checksum'],
    ['a changed echo over IPv6', changed(ECHO6, [48, 0]), 'icmp-checksum'],
    ['a changed address of an ICMPv6 echo', changed(ECHO6, [30, 1]), 'icmp-checksum'],
    ['ICMP of version 4 inside IPv6', changed(ECHO6, [6, 1]), 'unknown'],
  ])('tell %s', (_name, bytes, fate) => {
    expect(fateOf(bytes)).toBe(fate)
  })

  it('give back what was written, as views into the packet', () => {
    const address = fc
      .oneof(fc.constant(4), fc.constant(16))
      .chain(bytes =>
        fc.tuple(
          fc.uint8Array({ minLength: bytes, maxLength: bytes }),
          fc.uint8Array({ minLength: bytes, maxLength: bytes }),
        ),
      )
    const port = fc.integer({ min: 1, max: 0xffff })
    fc.assert(
      fc.property(address, port, port, fc.uint8Array({ maxLength: 1200 }), ([from, to], a, b, payload) => {
        const packet = udpPacket(from, a, to, b, payload)
        const ip = parseIp(packet)
        if (!ip.ok) throw new Error(ip.why)
        const udp = parseUdp(ip.value)
        if (!udp.ok) throw new Error(udp.why)
        expect(ip.value.source).toEqual(from)
        expect(ip.value.destination).toEqual(to)
        expect(udp.value).toEqual({ sourcePort: a, destinationPort: b, payload })
        expect(udp.value.payload.buffer).toBe(packet.buffer)
      }),
      { numRuns: fuzzRuns(500) },
    )
  })

  it('never throw and never change what they read', () => {
    fc.assert(
      fc.property(fc.oneof(damagedPacket, fc.uint8Array({ maxLength: 100 })), bytes => {
        const before = bytes.slice()
        fateOf(bytes)
        expect(bytes).toEqual(before)
      }),
      { numRuns: fuzzRuns(2000) },
    )
  })

  it('take a checksum of zero that was written as all ones', () => {
    const odd = udpPacket(ALICE, 5000, BOB, 6000, hex('0000'))
    const zero = udpPacket(ALICE, 5000, BOB, 6000, odd.subarray(46, 48))
    expect(zero.subarray(46, 48)).toEqual(hex('ffff'))
    expect(fateOf(zero)).toBe('datagram')
  })

  it('detect any single flipped bit of an IPv6 datagram that its checksum covers', () => {
    fc.assert(
      fc.property(fc.integer({ min: 8 * 8, max: UDP6.length * 8 - 1 }), bit => {
        const at = bit >>> 3
        expect(fateOf(changed(UDP6, [at, UDP6[at]! ^ (1 << (bit & 7))]))).not.toBe('datagram')
      }),
      { numRuns: 500 },
    )
  })
})
