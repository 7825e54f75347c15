/**
 * The sender half towards a peer with neither SACK nor timestamps: an ACK that repairs a hole also acknowledges what
 * had arrived behind it long ago, and says nothing of how long that took (RFC 6298 §3), nor that the timeout was for
 * nothing (RFC 5682).
 */
import { beforeEach, expect, it } from 'vitest'
import { FLAG } from '../../../../../src/plugins/transport-ntm/net/tcp/segment.ts'
import { Sending } from '../../../../../src/plugins/transport-ntm/net/tcp/sending.ts'
import type { Tcp } from '../../../../../src/plugins/transport-ntm/net/tcp/tcp.ts'
import { Pair } from './pair.ts'
import { ipOf, segmentOf, tcpPacket } from './segments.ts'
import { FixedControl } from './support/fixed-control.ts'

const MSS = 1_000
const WIDE = 1_000_000

let sending: Sending
let congestion: FixedControl

const leave = (nowMs: number): readonly string[] => {
  const left: string[] = []
  while (sending.next(nowMs)) {
    left.push(`${sending.from}-${sending.to}${sending.isAgain ? '!' : ''}`)
    sending.sent(sending.from, sending.to, nowMs)
  }
  return left
}

const ack = (offset: number, nowMs: number): void => sending.acked(offset, [], WIDE, undefined, nowMs)

/** Wakes it until the timeout, and returns when that was. */
const timeOut = (): number => {
  for (;;) {
    const atMs = sending.wakeAt()!
    const { timeouts } = sending.facts()
    sending.wake(atMs)
    if (sending.facts().timeouts > timeouts) return atMs
    leave(atMs)
  }
}

beforeEach(() => {
  congestion = new FixedControl()
  sending = new Sending({ congestion, mssBytes: MSS, nowMs: 0, startOffset: 1, windowEndOffset: WIDE })
  sending.offer(1 + 6 * MSS)
  leave(0)
  ack(1_001, 100)
})

/** Three ACKs that say the same as the last; what leaves after each. */
const repeat = (nowMs: number): readonly string[] =>
  [1, 2, 3].map(times => {
    sending.repeated(times, nowMs)
    return leave(nowMs).join()
  })

it('repairs a hole at once, and not by the timeout', () => {
  expect(repeat(105)).toEqual(['', '', '1001-2001!'])
  ack(6_001, 205)
  expect(sending.facts()).toMatchObject({ timeouts: 0, lostBytes: 1_000, retransmittedBytes: 1_000 })
})

it('tells congestion control of the hole as of any other loss', () => {
  repeat(105)
  expect(congestion.news.at(-1)).toMatchObject({ lostBytes: MSS, ackedBytes: 0, priorInFlightBytes: 5 * MSS })
  expect(congestion.heard).toEqual(['recovering'])
})

it('takes the response back where the hole is filled before it left again', () => {
  for (const times of [1, 2, 3]) sending.repeated(times, 105)
  ack(6_001, 106)
  expect(congestion.heard).toEqual(['recovering', 'undo'])
})

it('sends one segment for each that has left the path, whatever the window of congestion says', () => {
  congestion.cwndBytes = 5 * MSS
  sending.offer(1 + 9 * MSS)
  expect(leave(105)).toEqual([])
  expect(repeat(105)).toEqual(['6001-7001', '7001-8001', '1001-2001!'])
})

it('begins no second repair for what only answers the first (RFC 6582)', () => {
  repeat(105)
  ack(6_001, 205)
  sending.offer(1 + 9 * MSS)
  leave(205)
  expect(repeat(206)).toEqual(['', '', ''])
  ack(7_001, 305)
  expect(repeat(306)).toEqual(['', '', '7001-8001!'])
})

/** Sends the one segment that the peer waits for. */
const repair = (nowMs: number): void => {
  expect(sending.next(nowMs)).toBe(true)
  expect(sending.from).toBe(1_001)
  sending.sent(sending.from, sending.to, nowMs)
}

it('measures no round trip by what waited behind a hole', () => {
  const atMs = timeOut()
  repair(atMs)
  ack(4_001, atMs + 100)
  expect(sending.facts().srttMs).toBe(100)
})

it('repairs the next hole at once after a timeout, and does not take the timeout back', () => {
  const atMs = timeOut()
  repair(atMs)
  ack(4_001, atMs + 100)
  expect(sending.facts().undone).toBe(0)
  expect(leave(atMs + 100)[0]).toBe('4001-5001!')
})

it('takes a timeout back when originals arrive that nobody had to repair', () => {
  const atMs = timeOut()
  repair(atMs)
  ack(2_001, atMs + 10)
  ack(4_001, atMs + 20)
  expect(sending.facts().undone).toBe(1)
})

/** Does not hear that the other end permits SACK. */
const deafen = (tcp: Tcp): void => {
  const receive = tcp.receive.bind(tcp)
  tcp.receive = ip => {
    const segment = segmentOf(ip.bytes)
    if (!segment.has(FLAG.syn)) return receive(ip)
    segment.options.isSackPermitted = false
    return receive(ipOf(tcpPacket(ip.source, ip.destination, segment)))
  }
}

it.each([2, 3, 4])(
  'a stream that loses one segment in 200 arrives whole, seldom by timeouts, seed %i',
  seed => {
    const pair = new Pair({ oneWayMs: 20, loss: 0.005, bytesPerMs: 2_000, seed })
    deafen(pair.alice)
    deafen(pair.bob)
    const { alice, bob } = pair.meet()
    const bytes = Buffer.from(Uint8Array.from({ length: 4 << 20 }, (_, at) => (at * 31 + (at >>> 9)) & 0xff))
    alice.say(bytes, true)
    expect(pair.runUntil(() => bob.isReadOut, 20_000)).toBe(true)
    expect(bob.heardBytes.equals(bytes)).toBe(true)
    expect(alice.connection!.agreed!.usesSack).toBe(false)
    // Without it there were five or six with each of these seeds.
    expect(alice.connection!.outgoing.sending.facts().timeouts).toBeLessThanOrEqual(3)
  },
)
