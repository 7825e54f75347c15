/** Packets that come out of a tunnel in pieces: what is known of their first piece counts for the others. */
import { beforeEach, describe, expect, it } from 'vitest'
import { VirtualClock } from '../../../../src/kernel/testing/virtual-clock.ts'
import { virtualIpv6 } from '../../../../src/plugins/transport-ntm/net/address.ts'
import { PROTOCOL } from '../../../../src/plugins/transport-ntm/net/packet.ts'
import { Flows } from '../../../../src/plugins/transport-ntm/net/tun/flows.ts'
import { FRAGMENTED_MAX } from '../../../../src/plugins/transport-ntm/net/tun/limits.ts'
import { writeU16 } from '../../../../src/plugins/transport-ntm/net/u16.ts'
import { ToPrograms } from '../../../../src/plugins/transport-ntm/tun/to-programs.ts'
import { type TunPeer, TunPeers } from '../../../../src/plugins/transport-ntm/tun/tun-peers.ts'
import { echoPacket, udpPacket } from '../net/packets.ts'
import { cardOf, neighbourOf } from './people.ts'

const OWN = virtualIpv6(new Uint8Array(32).fill(77))
const BOB = cardOf(1)
const { address } = neighbourOf(BOB)

let clock: VirtualClock
let flows: Flows
let bob: TunPeer
let toPrograms: ToPrograms

beforeEach(() => {
  clock = new VirtualClock()
  flows = new Flows()
  const peers = new TunPeers({
    ...{ own: OWN, isAllowed: () => false, shutOut: () => undefined, route: () => undefined },
  })
  bob = peers.add(BOB)!
  toPrograms = new ToPrograms({
    ...{ clock, own: OWN, peers, flows, begunThere: new Flows(), write: () => undefined },
  })
})

const began = (protocol: number, here: number, there: number): void =>
  flows.note(bob.number, protocol, here, there, clock.monotonicMs())

/** Of what follows the header of a whole packet, with the number of this one. */
const piece = (whole: Uint8Array, id: number, offset: number, isMore: boolean): Uint8Array => {
  const header = whole.subarray(0, 40)
  const packet = Uint8Array.from([...header, whole[6]!, 0, 0, 0, 0, 0, 0, id, ...whole.subarray(40)])
  packet[6] = 44
  writeU16(packet, 4, packet.length - 40)
  writeU16(packet, 42, offset | (isMore ? 1 : 0))
  return packet
}
const datagram = (fromPort: number, port: number) =>
  udpPacket(address, fromPort, OWN, port, new Uint8Array(24))
const isTaken = (packet: Uint8Array): boolean => toPrograms.take(packet, neighbourOf(BOB))
const isFirst = (id: number) => isTaken(piece(datagram(53, 5_000), id, 0, true))
const isLast = (id: number) => isTaken(piece(datagram(0, 0), id, 64, false))

describe('a packet in pieces', () => {
  it('is let in whole if it answers', () => {
    expect([isFirst(9), isLast(9)]).toEqual([false, false])
    began(PROTOCOL.udp, 5_000, 53)
    expect(isFirst(9)).toBe(true)
    // What looks like ports in a later piece is somebody's data.
    expect(isTaken(piece(datagram(61_003, 61_003), 9, 32, true))).toBe(true)
    expect([isLast(9), isLast(10)]).toEqual([true, false])
  })

  it('is so too between pieces of others, of which not too many are kept in mind', () => {
    began(PROTOCOL.udp, 5_000, 53)
    const ids = Array.from({ length: FRAGMENTED_MAX }, (_, at) => at)
    for (const id of [100, ...ids, ...ids]) expect(isFirst(id)).toBe(true)
    expect(ids.every(isLast)).toBe(true)
    expect(isLast(100)).toBe(false)
  })

  it('lets in no first piece of another protocol under its number', () => {
    began(PROTOCOL.udp, 5_000, 53)
    expect(isFirst(9)).toBe(true)
    const sctp = datagram(53, 5_000)
    sctp[6] = 132
    expect(isTaken(piece(sctp, 9, 0, true))).toBe(false)
    expect(isLast(9)).toBe(true)
  })

  it('that answers an echo is let in whole; one that asks, if it may come in', () => {
    const echo = (kind: 'echo-request' | 'echo-reply', id: number): boolean =>
      isTaken(piece(echoPacket(address, OWN, kind, 9, 1, new Uint8Array(8)), id, 0, true))
    expect([echo('echo-reply', 3), isLast(3)]).toEqual([false, false])
    began(PROTOCOL.icmpv6, 9, 9)
    expect([echo('echo-reply', 3), isLast(3)]).toEqual([true, true])
    expect([echo('echo-request', 4), isLast(4)]).toEqual([false, false])
    bob.mayComeIn = true
    expect([echo('echo-request', 4), isLast(4)]).toEqual([true, true])
  })
})
