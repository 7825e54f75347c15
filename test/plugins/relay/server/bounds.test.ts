/** Tables that strangers fill are bounded, and whoever comes after a flood is still served. */
import { describe, expect, test } from 'vitest'
import {
  CHECKS_BURST,
  MOMENT_MS,
  SOURCES_MAX,
  WAITING_PACKET_BYTES,
  WAITING_SLOTS_MAX,
} from '../../../../src/plugins/relay/server/limits.ts'
import { Sources } from '../../../../src/plugins/relay/server/sources.ts'
import { WaitingRoom } from '../../../../src/plugins/relay/server/waiting-room.ts'
import { encodeRelayProbe } from '../../../../src/wire/relay-frame.ts'
import { at, FrontDesk } from './front-desk.ts'

describe('the budgets of sources', () => {
  test('are as many as fit', () => {
    const sources = new Sources()
    for (let n = 0; n < 3 * SOURCES_MAX; n += 1)
      sources.mayCheck(`10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`, n)
    expect(sources.size).toBe(SOURCES_MAX)
  })

  test('are one for all addresses of an IPv6 network, and one for each IPv4 address', () => {
    const sources = new Sources()
    const spend = (address: (n: number) => string): number =>
      Array.from({ length: CHECKS_BURST + 50 }, (_, n) => sources.mayCheck(address(n), 0)).filter(Boolean)
        .length
    expect(spend(n => `2001:db8::${n.toString(16)}`)).toBe(CHECKS_BURST)
    expect(sources.mayCheck('2001:db8:0:1::1', 0)).toBe(true)
    expect(sources.size).toBe(2)
    expect(spend(n => `10.0.${n >> 8}.${n & 255}`)).toBe(2_000 - CHECKS_BURST - 1)
    expect(sources.mayCheck('10.0.0.1', 1_000)).toBe(true)
  })
})

describe('the waiting room', () => {
  test('has room for so many, and the oldest makes place', () => {
    const room = new WaitingRoom<number>()
    for (let sender = 0; sender <= WAITING_SLOTS_MAX; sender += 1)
      expect(room.keep(sender, Uint8Array.of(1), 0)).toBe(true)
    expect([room.take(0, 0).length, room.take(1, 0).length]).toEqual([0, 1])
  })

  test('takes nothing large, and copies what it takes', () => {
    const room = new WaitingRoom<string>()
    expect(room.keep('a', new Uint8Array(WAITING_PACKET_BYTES + 1), 0)).toBe(false)
    const packet = Buffer.from('first')
    room.keep('a', packet, 0)
    packet.fill(0)
    expect(room.take('a', 0).map(each => Buffer.from(each).toString())).toEqual(['first'])
  })
})

describe('a pile of frames in one datagram', () => {
  const piled = (desk: FrontDesk, frame: Uint8Array): number =>
    desk.hand(Buffer.concat(new Array(30).fill(frame)), at(9)).length

  test.each([
    ['probes', () => encodeRelayProbe('0102030405060708')],
    ['data of no slot', (desk: FrontDesk) => desk.party(1, 0).data('0123456789abcdef')],
    ['claims to no slot', (desk: FrontDesk) => desk.party(1, 0).rebind()],
    ['claims without a cookie', (desk: FrontDesk) => desk.party(1, 0).bind(at(9), new Uint8Array(16))],
  ] as const)('is answered once: %s', (_, make) => {
    const desk = new FrontDesk()
    const frame = make(desk)
    expect(piled(desk, frame)).toBe(1)
    desk.wait(MOMENT_MS)
    expect(piled(desk, frame)).toBe(1)
  })

  test('is answered whole where each is a good claim', () => {
    const desk = new FrontDesk()
    const [alice] = desk.pair()
    const claims = Array.from({ length: 5 }, () => alice.rebind())
    expect(desk.hand(Buffer.concat(claims), at(1)).length).toBe(5)
  })
})
