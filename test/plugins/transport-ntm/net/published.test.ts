/** Reading packets that others made, and making the same bytes again. */
import { describe, expect, it } from 'vitest'
import { parseIcmp, writeEcho } from '../../../../src/plugins/transport-ntm/net/icmp.ts'
import { parseIp } from '../../../../src/plugins/transport-ntm/net/ip.ts'
import type { IpPacket } from '../../../../src/plugins/transport-ntm/net/packet.ts'
import { parseUdp, writeUdp } from '../../../../src/plugins/transport-ntm/net/udp.ts'
import { hex, KERNEL_PACKETS } from './kernel-packets.ts'

const ipOf = (bytes: Uint8Array): IpPacket => {
  const parsed = parseIp(bytes)
  if (!parsed.ok) throw new Error(parsed.why)
  return parsed.value
}

/** Taken on the wire: an electric car announcing its charger discovery by multicast, over IPv6. */
const DISCOVERY = hex(
  '6000000000 12 11 0a fe80000000000000066565fffe0064c3 ff020000000000000000000000000001' +
    'ccaf 3b0e 0012 895e 01fe9000000000021000',
)

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString()
const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

describe('packets of others', () => {
  it.each([
    ['udp4', 'hello, odd'],
    ['udp4Odd', 'hello, odd!'],
    ['udp4Options', 'with options'],
    ['udp6', 'hello through a tunnel'],
    ['udp6Odd', 'odd'],
  ] as const)('reads the kernel datagram %s', (name, payload) => {
    const parsed = parseUdp(ipOf(KERNEL_PACKETS[name]))
    if (!parsed.ok) throw new Error(parsed.why)
    expect(parsed.value.sourcePort).toBe(61003)
    expect(text(parsed.value.payload)).toBe(payload)
  })

  it('reads a datagram that was captured on a wire', () => {
    const parsed = parseUdp(ipOf(DISCOVERY))
    expect(parsed.ok && [parsed.value.sourcePort, parsed.value.destinationPort]).toEqual([52399, 15118])
  })

  it.each(['udp6', 'udp6Odd'] as const)('writes %s as the kernel did, but for the flow label', name => {
    const packet = KERNEL_PACKETS[name]
    const ip = ipOf(packet)
    const out = new Uint8Array(1216)
    const bytes = writeUdp(out, ip.source, 61003, ip.destination, 61003, packet.subarray(48))
    expect(toHex(out.subarray(4, bytes))).toBe(toHex(packet.subarray(4)))
  })

  it.each(['udp4', 'udp4Odd'] as const)('writes %s as the kernel did, but for the identification', name => {
    const packet = KERNEL_PACKETS[name]
    const ip = ipOf(packet)
    const out = new Uint8Array(1216)
    const bytes = writeUdp(out, ip.source, 61003, ip.destination, 40000, packet.subarray(28))
    expect(toHex(out.subarray(12, bytes))).toBe(toHex(packet.subarray(12)))
    expect(ipOf(out.subarray(0, bytes)).payload).toHaveLength(bytes - 20)
  })

  it.each(['echo4', 'echo6'] as const)('reads %s and writes the same', name => {
    const packet = KERNEL_PACKETS[name]
    const ip = ipOf(packet)
    const parsed = parseIcmp(ip)
    if (!parsed.ok) throw new Error(parsed.why)
    const { kind, id, seq, payload } = parsed.value
    expect([kind, id, seq]).toEqual(['echo-request', 0x1234, 7])
    const out = new Uint8Array(1216)
    const bytes = writeEcho(out, ip.source, ip.destination, 'echo-request', id, seq, payload)
    expect(toHex(out.subarray(bytes - ip.payload.length, bytes))).toBe(toHex(ip.payload))
  })

  it.each(['unreachable4', 'unreachable6'] as const)('knows %s for an error', name => {
    const parsed = parseIcmp(ipOf(KERNEL_PACKETS[name]))
    expect(parsed.ok && parsed.value.kind).toBe('error')
  })
})
