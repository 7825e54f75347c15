/** The stack's judgements on arriving packets, and what it refuses to send. Bob's end is under test. */
import { describe, expect, it } from 'vitest'
import { parseIcmp } from '../../../../src/plugins/transport-ntm/net/icmp.ts'
import { parseIp } from '../../../../src/plugins/transport-ntm/net/ip.ts'
import type { IpPacket } from '../../../../src/plugins/transport-ntm/net/packet.ts'
import { isReservedPort, PORTS } from '../../../../src/plugins/transport-ntm/net/ports.ts'
import { createEnd } from './ends.ts'
import { hex, KERNEL_PACKETS } from './kernel-packets.ts'
import { ALICE, ALICE_V4, BOB, BOB_V4, echoPacket, udpPacket } from './packets.ts'

const FROM_ALICE = { allowed: [ALICE, ALICE_V4] }
const MALLORY = hex('fd0000000000000000000000000000ee')
const LONG = new Uint8Array(100).fill(7)

const icmpIn = (packet: Uint8Array) => {
  const ip = parseIp(packet)
  if (!ip.ok) throw new Error(ip.why)
  const icmp = parseIcmp(ip.value)
  if (!icmp.ok) throw new Error(icmp.why)
  return { ip: ip.value as IpPacket, icmp: icmp.value, type: ip.value.payload[0], code: ip.value.payload[1] }
}

describe('an arriving packet', () => {
  it.each([
    ['IPv6 datagram', udpPacket(MALLORY, 5000, BOB, 6000, LONG)],
    ['IPv4 datagram', udpPacket(hex('c61200ee'), 5000, BOB_V4, 6000, LONG)],
    ['echo request', echoPacket(MALLORY, BOB, 'echo-request', 1, 1, LONG)],
    ['datagram in the name of the receiver', udpPacket(BOB, 5000, BOB, 6000, LONG)],
    ['datagram for a closed port', udpPacket(MALLORY, 5000, BOB, 9, LONG)],
  ])('with a source that is not the sender’s is dropped unheard: %s', (_name, packet) => {
    const bob = createEnd(BOB, BOB_V4)
    let heard = 0
    bob.stack.bind(6000, () => heard++)
    bob.stack.receive(packet, FROM_ALICE)
    expect([heard, bob.emitted, bob.dropped]).toEqual([0, [], ['source-spoofed']])
  })

  it('reaches the socket of its port', () => {
    const bob = createEnd(BOB, BOB_V4)
    const heard: unknown[] = []
    bob.stack.bind(6000, (payload, from, fromPort) => heard.push([payload.slice(), from.slice(), fromPort]))
    bob.stack.receive(udpPacket(ALICE, 5000, BOB, 6000, LONG), FROM_ALICE)
    bob.stack.receive(udpPacket(ALICE_V4, 5001, BOB_V4, 6000, LONG), FROM_ALICE)
    expect(heard).toEqual([
      [LONG, ALICE, 5000],
      [LONG, ALICE_V4, 5001],
    ])
    expect(bob.dropped).toEqual([])
  })

  it('for someone else is not forwarded', () => {
    const bob = createEnd(BOB)
    bob.stack.receive(udpPacket(ALICE, 5000, MALLORY, 6000, LONG), FROM_ALICE)
    bob.stack.receive(udpPacket(ALICE_V4, 5000, BOB_V4, 6000, LONG), FROM_ALICE)
    expect(bob.dropped).toEqual(['destination-foreign', 'destination-foreign'])
    expect(bob.emitted).toEqual([])
  })

  it('over IPv4 is heard only while the DC’s address is held', () => {
    const bob = createEnd(BOB)
    const packet = udpPacket(ALICE_V4, 5000, BOB_V4, 6000, LONG)
    let heard = 0
    bob.stack.bind(6000, () => heard++)
    bob.stack.receive(packet, FROM_ALICE)
    bob.stack.setIpv4(BOB_V4)
    bob.stack.receive(packet, FROM_ALICE)
    bob.stack.setIpv4(undefined)
    bob.stack.receive(packet, FROM_ALICE)
    expect(heard).toBe(1)
  })

  it('never reaches a reserved port over IPv4', () => {
    const bob = createEnd(BOB, BOB_V4)
    let heard = 0
    bob.stack.bind(PORTS.text, () => heard++)
    bob.stack.receive(udpPacket(ALICE_V4, PORTS.text, BOB_V4, PORTS.text, LONG), FROM_ALICE)
    expect([heard, bob.emitted, bob.dropped]).toEqual([0, [], ['port-reserved']])
    bob.stack.receive(udpPacket(ALICE, PORTS.text, BOB, PORTS.text, LONG), FROM_ALICE)
    expect(heard).toBe(1)
  })
})

describe('a port that nobody holds', () => {
  it.each([
    [6, ALICE, BOB, 1, 4, 48],
    [4, ALICE_V4, BOB_V4, 3, 3, 28],
  ])('is told over IPv%i, quoting what came', (version, from, to, type, code, overhead) => {
    const bob = createEnd(BOB, BOB_V4)
    const packet = udpPacket(from, 5000, to, 9, LONG)
    bob.stack.receive(packet, FROM_ALICE)
    expect(bob.dropped).toEqual(['port-closed'])
    const [answer] = bob.emitted
    const told = icmpIn(answer!.packet)
    expect([told.ip.version, told.type, told.code]).toEqual([version, type, code])
    expect(told.ip.destination).toEqual(from)
    expect(answer!.to).toEqual(from)
    expect(told.icmp.payload).toEqual(packet.subarray(0, packet.length - overhead))
    expect(answer!.packet).toHaveLength(packet.length)
  })

  it.each([
    [ALICE, BOB, 47],
    [ALICE_V4, BOB_V4, 27],
  ])('is not told where the answer would be longer than what came', (from, to, bytes) => {
    const bob = createEnd(BOB, BOB_V4)
    bob.stack.receive(udpPacket(from, 5000, to, 9, LONG.subarray(0, bytes)), FROM_ALICE)
    expect([bob.emitted, bob.dropped]).toEqual([[], ['port-closed']])
    bob.stack.receive(udpPacket(from, 5000, to, 9, LONG.subarray(0, bytes + 1)), FROM_ALICE)
    expect(bob.emitted).toHaveLength(1)
  })

  it('is told ten times at once and ten times a second', () => {
    const bob = createEnd(BOB)
    const knock = (times: number) => {
      for (let i = 0; i < times; i++) bob.stack.receive(udpPacket(ALICE, 5000, BOB, 9, LONG), FROM_ALICE)
    }
    knock(50)
    expect(bob.emitted).toHaveLength(10)
    bob.nowMs += 500
    knock(50)
    expect(bob.emitted).toHaveLength(15)
    bob.nowMs += 60_000
    knock(50)
    expect(bob.emitted).toHaveLength(25)
    bob.nowMs -= 60_000
    knock(50)
    expect(bob.emitted).toHaveLength(25)
    expect(bob.dropped).toHaveLength(200)
  })

  it('stays within 576 bytes over IPv4', () => {
    const bob = createEnd(BOB, BOB_V4)
    bob.stack.receive(udpPacket(ALICE_V4, 5000, BOB_V4, 9, new Uint8Array(1100)), FROM_ALICE)
    expect(bob.emitted[0]!.packet).toHaveLength(576)
  })
})

describe('a protocol that is not there', () => {
  const asSctp = (packet: Uint8Array): Uint8Array => packet.map((octet, at) => (at === 6 ? 132 : octet))

  it('is told as a parameter problem that points at the next header', () => {
    const bob = createEnd(BOB)
    bob.stack.receive(asSctp(udpPacket(ALICE, 5000, BOB, 80, LONG)), FROM_ALICE)
    const told = icmpIn(bob.emitted[0]!.packet)
    expect([told.type, told.code, told.icmp.seq]).toEqual([4, 1, 6])
    expect(bob.dropped).toEqual(['protocol-unknown'])
  })

  it.each([1, 59])('is not told where %i says that no answer is wanted', next => {
    const bob = createEnd(BOB)
    const packet = udpPacket(ALICE, 5000, BOB, 80, LONG)
    packet[6] = next
    bob.stack.receive(packet, FROM_ALICE)
    expect([bob.emitted, bob.dropped]).toEqual([[], ['protocol-unknown']])
  })
})

describe('ICMP', () => {
  it.each([
    ['unreachable4', 'c6120002', 'c6120001'],
    ['unreachable6', 'fd000000000000000000000000000002', 'fd000000000000000000000000000001'],
  ] as const)('errors are never answered: %s', (name, own, from) => {
    const end = own.length === 8 ? createEnd(BOB, hex(own)) : createEnd(hex(own))
    end.stack.receive(KERNEL_PACKETS[name], { allowed: [hex(from)] })
    expect([end.emitted, end.dropped]).toEqual([[], ['icmp-error']])
  })

  it.each([
    [ALICE, BOB],
    [ALICE_V4, BOB_V4],
  ])('echo requests are answered with their own bytes', (from, to) => {
    const bob = createEnd(BOB, BOB_V4)
    bob.stack.receive(echoPacket(from, to, 'echo-request', 0xffff, 0x8001, LONG), FROM_ALICE)
    expect(bob.emitted).toEqual([
      { packet: echoPacket(to, from, 'echo-reply', 0xffff, 0x8001, LONG), to: from },
    ])
  })

  it('echo requests beyond the MTU are dropped', () => {
    const bob = createEnd(BOB)
    bob.stack.receive(echoPacket(ALICE, BOB, 'echo-request', 1, 1, new Uint8Array(1169)), FROM_ALICE)
    expect([bob.emitted, bob.dropped]).toEqual([[], ['echo-too-large']])
    bob.stack.receive(echoPacket(ALICE, BOB, 'echo-request', 1, 1, new Uint8Array(1152)), FROM_ALICE)
    expect(bob.emitted).toHaveLength(1)
  })

  it('replies reach only the ping that asked this address under this id', () => {
    const bob = createEnd(BOB)
    const replies: unknown[] = []
    const pinger = bob.stack.ping(ALICE, 77, (seq, payload) => replies.push([seq, payload.slice()]))
    expect(pinger.send(1, LONG).ok).toBe(true)
    expect(bob.emitted).toEqual([{ packet: echoPacket(BOB, ALICE, 'echo-request', 77, 1, LONG), to: ALICE }])
    bob.stack.receive(echoPacket(ALICE, BOB, 'echo-reply', 77, 1, LONG), FROM_ALICE)
    bob.stack.receive(echoPacket(ALICE, BOB, 'echo-reply', 78, 1, LONG), FROM_ALICE)
    bob.stack.receive(echoPacket(MALLORY, BOB, 'echo-reply', 77, 1, LONG), { allowed: [MALLORY] })
    pinger.close()
    bob.stack.receive(echoPacket(ALICE, BOB, 'echo-reply', 77, 2, LONG), FROM_ALICE)
    expect(replies).toEqual([[1, LONG]])
    expect(bob.dropped).toEqual(['echo-unasked', 'echo-unasked', 'echo-unasked'])
    expect(pinger.send(3, LONG)).toEqual({ ok: false, why: 'closed' })
  })
})

describe('sending', () => {
  it('fills the MTU and refuses one byte more', () => {
    const bob = createEnd(BOB, BOB_V4)
    const socket = bob.stack.bind(6000, () => {})
    expect(bob.stack.maxPayloadBytes(ALICE)).toBe(1152)
    expect(bob.stack.maxPayloadBytes(ALICE_V4)).toBe(1172)
    for (const to of [ALICE, ALICE_V4]) {
      const most = bob.stack.maxPayloadBytes(to)
      expect(socket.send(to, 6000, new Uint8Array(most + 1))).toEqual({ ok: false, why: 'too-large' })
      expect(socket.send(to, 6000, new Uint8Array(most)).ok).toBe(true)
      expect(bob.emitted.at(-1)!.packet).toHaveLength(1200)
    }
    expect(bob.emitted).toHaveLength(2)
    const small = createEnd(BOB, undefined, 576).stack
    expect(small.maxPayloadBytes(ALICE)).toBe(528)
    expect(small.ping(ALICE, 1, () => {}).send(1, new Uint8Array(529))).toEqual({
      ok: false,
      why: 'too-large',
    })
  })

  it('is refused with the reason', () => {
    const bob = createEnd(BOB)
    const socket = bob.stack.bind(6000, () => {})
    const reserved = bob.stack.bind(PORTS.control, () => {})
    expect(socket.send(ALICE_V4, 6000, LONG)).toEqual({ ok: false, why: 'no-own-address' })
    expect(bob.stack.ping(ALICE_V4, 1, () => {}).send(1, LONG)).toEqual({ ok: false, why: 'no-own-address' })
    bob.stack.setIpv4(BOB_V4)
    for (const port of [0, -1, 65536, 1.5, Number.NaN]) {
      expect(socket.send(ALICE, port, LONG)).toEqual({ ok: false, why: 'bad-port' })
    }
    expect(socket.send(ALICE_V4, PORTS.text, LONG)).toEqual({ ok: false, why: 'port-reserved' })
    expect(reserved.send(ALICE_V4, 6000, LONG)).toEqual({ ok: false, why: 'port-reserved' })
    socket.close()
    expect(socket.send(ALICE, 6000, LONG)).toEqual({ ok: false, why: 'closed' })
    expect(bob.emitted).toEqual([])
  })

  it('takes a port or a ping id once, and again after closing', () => {
    const { stack } = createEnd(BOB)
    const first = stack.bind(6000, () => {})
    expect(() => stack.bind(6000, () => {})).toThrow('virtual port 6000 is bound already')
    expect(() => stack.bind(0, () => {})).toThrow('virtual port 0 does not exist')
    first.close()
    stack.bind(6000, () => {})
    first.close()
    expect(() => stack.bind(6000, () => {})).toThrow('bound already')
    const ping = stack.ping(ALICE, 9, () => {})
    expect(() => stack.ping(ALICE, 9, () => {})).toThrow('ping id 9 is in use')
    ping.close()
    stack.ping(ALICE, 9, () => {}).close()
  })
})

describe('reserved ports', () => {
  it('are 61000 to 61099, with every port of ours among them', () => {
    expect([60999, 61000, 61099, 61100].map(isReservedPort)).toEqual([false, true, true, false])
    expect(Object.values(PORTS)).toEqual([61001, 61002, 61003, 61004, 61005, 61006])
    expect(Object.values(PORTS).every(isReservedPort)).toBe(true)
  })
})
