/** What a peer says of data that it never got, or says twice, changes nothing in the sender half (RFC 9293 §3.10.7.4). */
import { beforeEach, expect, it } from 'vitest'
import { Sending } from '../../../../../src/plugins/transport-ntm/net/tcp/sending.ts'
import { FixedControl } from './support/fixed-control.ts'

const MSS = 1_000
const WIDE = 1_000_000

let sending: Sending

/** Sends segments of one MSS; the first is acknowledged. */
const send = (segments: number): void => {
  sending.offer(1 + segments * MSS)
  while (sending.next(0)) sending.sent(sending.from, sending.to, 0)
  sending.acked(1_001, [], WIDE, 100, 100)
}

beforeEach(() => {
  const congestion = new FixedControl()
  sending = new Sending({ congestion, mssBytes: MSS, nowMs: 0, startOffset: 1, windowEndOffset: WIDE })
})

it('acknowledging data that was never sent is not believed', () => {
  send(2)
  sending.acked(5_001, [], WIDE, undefined, 105)
  expect(sending.ackedOffset).toBe(1_001)
  sending.acked(1_001, [3_001, 9_001], WIDE, undefined, 105)
  expect(sending.facts().inFlightBytes).toBe(1_000)
})

it('the same news twice counts once', () => {
  send(4)
  for (let count = 0; count < 5; count++) sending.acked(1_001, [2_001, 3_001], WIDE, undefined, 101)
  expect(sending.facts().deliveredBytes).toBe(2_000)
})
