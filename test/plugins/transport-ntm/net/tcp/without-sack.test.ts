/**
 * The sender half towards a peer with neither SACK nor timestamps: an ACK that repairs a hole also acknowledges what
 * had arrived behind it long ago, and says nothing of how long that took (RFC 6298 §3), nor that the timeout was for
 * nothing (RFC 5682).
 */
import { beforeEach, expect, it } from 'vitest'
import { Sending } from '../../../../../src/plugins/transport-ntm/net/tcp/sending.ts'
import { FixedControl } from './support/fixed-control.ts'

const MSS = 1_000
const WIDE = 1_000_000

let sending: Sending

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
  const congestion = new FixedControl()
  sending = new Sending({ congestion, mssBytes: MSS, nowMs: 0, startOffset: 1, windowEndOffset: WIDE })
  sending.offer(1 + 6 * MSS)
  leave(0)
  ack(1_001, 100)
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
