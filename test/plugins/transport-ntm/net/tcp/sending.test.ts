/**
 * The sender half step by step, with a window that does as it is told: which range leaves when, and what each ACK
 * and each timer changes (RFC 9293 §3.8, RFC 6298, RFC 8985, RFC 2018).
 */
import { beforeEach, describe, expect, it } from 'vitest'
import { Sending } from '../../../../../src/plugins/transport-ntm/net/tcp/sending.ts'
import { FixedControl } from './support/fixed-control.ts'

const MSS = 1_000
const RTT_MS = 100
const WIDE = 1_000_000

let control: FixedControl
let sending: Sending

/** Everything that may leave now, as `from-to`, with `!` where it left before and `?` where it asks for the window. */
const leave = (nowMs: number): readonly string[] => {
  const left: string[] = []
  while (sending.next(nowMs)) {
    const { from, to, isAgain, isProbe } = sending
    left.push(`${from}-${to}${isAgain ? '!' : ''}${isProbe ? '?' : ''}`)
    sending.sent(from, to, nowMs)
  }
  return left
}

const ack = (offset: number, nowMs: number, sacks: readonly number[] = [], echoAgeMs?: number): void =>
  sending.acked(offset, sacks, offset + WIDE, echoAgeMs, nowMs)

const wake = (nowMs: number): readonly string[] => {
  sending.wake(nowMs)
  return leave(nowMs)
}

/** Sends segments of one MSS at 0 and acknowledges the first at one round trip, so that times are known. */
const warmUp = (segments: number): void => {
  sending.offer(1 + segments * MSS)
  leave(0)
  ack(1 + MSS, RTT_MS)
}

beforeEach(() => {
  control = new FixedControl()
  sending = new Sending({
    congestion: control,
    mssBytes: MSS,
    nowMs: 0,
    startOffset: 1,
    windowEndOffset: WIDE,
  })
})

describe('what may leave', () => {
  it('is cut by the MSS, then by what was written', () => {
    sending.offer(2_501)
    expect(leave(0)).toEqual(['1-1001', '1001-2001', '2001-2501'])
    expect(sending.sentOffset).toBe(2_501)
  })

  it('is held by the congestion window, but one segment may always be in flight', () => {
    control.cwndBytes = 2_500
    sending.offer(5_001)
    expect(leave(0)).toEqual(['1-1001', '1001-2001'])
    control.cwndBytes = 10
    ack(2_001, 50)
    expect(leave(50)).toEqual(['2001-3001'])
  })

  it('is held by the peer’s window, and small rests of it are not worth a segment', () => {
    sending.acked(1, [], 2_301, undefined, 0)
    sending.offer(9_001)
    expect(leave(0)).toEqual(['1-1001', '1001-2001'])
    sending.acked(1_001, [], 3_001, undefined, 50)
    expect(leave(50)).toEqual(['2001-3001'])
  })

  it('is paced by about a millisecond at a time', () => {
    control.pacingBytesPerMs = 2_000
    sending.offer(20_001)
    expect(leave(10)).toHaveLength(12)
    expect(sending.wakeAt()).toBeCloseTo(11, 1)
    expect(wake(11)).toHaveLength(2)
    expect(wake(12)).toHaveLength(2)
  })

  it('begins with the SYN alone', () => {
    sending = new Sending({ congestion: control, mssBytes: MSS, nowMs: 0 })
    sending.offer(1)
    expect(leave(0)).toEqual(['0-1'])
    expect(sending.wakeAt()).toBe(1_000)
    expect(wake(1_000)).toEqual(['0-1!'])
    expect(sending.wakeAt()).toBe(3_000)
    sending.acked(1, [], 5_001, undefined, 3_100)
    sending.offer(2_001)
    expect(leave(3_100)).toEqual(['1-1001', '1001-2001'])
  })
})

describe('loss by SACK', () => {
  it('is believed at once after three sacked segments, and repaired before anything new', () => {
    warmUp(6)
    sending.offer(8_001)
    ack(1_001, 102, [2_001, 4_001])
    expect(leave(102)).toEqual(['6001-7001', '7001-8001'])
    ack(1_001, 103, [2_001, 5_001])
    expect(leave(103)).toEqual(['1001-2001!'])
    expect(control.heard).toEqual(['recovering'])
    ack(8_001, 203)
    expect(control.heard).toEqual(['recovering', 'recovered'])
    expect(sending.wakeAt()).toBeUndefined()
  })

  it('waits a quarter of the round trip with less evidence', () => {
    warmUp(3)
    ack(1_001, 104, [2_001, 3_001])
    expect(leave(104)).toEqual([])
    expect(sending.wakeAt()).toBe(129)
    expect(wake(129)).toEqual(['1001-2001!'])
  })

  it('counts one response a round trip, and another for a lost repair', () => {
    warmUp(8)
    ack(1_001, 105, [2_001, 3_001, 4_001, 6_001])
    expect(leave(105)).toEqual(['1001-2001!', '3001-4001!'])
    sending.offer(12_001)
    leave(110)
    ack(1_001, 210, [2_001, 3_001, 4_001, 12_001])
    expect(leave(210)).toEqual(['1001-2001!', '3001-4001!'])
    expect(control.heard).toEqual(['recovering', 'recovering'])
  })

  it('that is none: a D-SACK for each repair takes the response back', () => {
    warmUp(6)
    ack(1_001, 105, [2_001, 5_001])
    expect(leave(105)).toEqual(['1001-2001!'])
    ack(6_001, 115)
    expect(control.heard).toEqual(['recovering', 'recovered'])
    ack(6_001, 205, [1_001, 2_001])
    expect(control.heard).toEqual(['recovering', 'recovered', 'undo'])
    expect(sending.facts().undone).toBe(1)
  })

  it('that arrives before it left again takes the response back as well', () => {
    warmUp(6)
    control.cwndBytes = 0
    ack(1_001, 105, [2_001, 5_001])
    expect(leave(105)).toEqual([])
    ack(6_001, 106)
    expect(control.heard).toEqual(['recovering', 'undo'])
  })
})

describe('the tail probe', () => {
  it('repeats the last segment after two round trips, and the SACK for it shows the loss', () => {
    warmUp(4)
    expect(sending.wakeAt()).toBe(300)
    expect(wake(300)).toEqual(['3001-4001!'])
    ack(1_001, 400, [3_001, 4_001])
    expect(wake(425)).toEqual(['1001-2001!', '2001-3001!'])
    expect(sending.facts()).toMatchObject({ tailProbes: 1, timeouts: 0 })
  })

  it('prefers something new', () => {
    control.cwndBytes = 3_000
    warmUp(4)
    leave(101)
    sending.offer(9_001)
    control.cwndBytes = 2_000
    expect(wake(301)).toEqual(['4001-5001'])
  })

  it('allows for the peer’s delayed ACK of a single segment', () => {
    warmUp(2)
    expect(sending.wakeAt()).toBe(400)
  })

  it('is one only; then the timeout', () => {
    warmUp(4)
    wake(300)
    const rtoMs = sending.facts().rtoMs
    expect(rtoMs).toBe(300)
    expect(sending.wakeAt()).toBe(600)
    expect(wake(600)).toHaveLength(3)
    expect(sending.facts().timeouts).toBe(1)
    expect(control.heard).toEqual(['timed out'])
  })
})

describe('the timeout', () => {
  it('doubles each time, and an ACK of something new ends that', () => {
    control.cwndBytes = 1_000
    sending.offer(1_001)
    leave(0)
    const times: number[] = []
    for (let count = 0; count < 9; count++) {
      times.push(sending.wakeAt()!)
      expect(wake(sending.wakeAt()!)).toEqual(['1-1001!'])
    }
    expect(times).toEqual([1_000, 3_000, 7_000, 15_000, 31_000, 63_000, 123_000, 183_000, 243_000])
    expect(sending.backoffs).toBe(9)
    ack(1_001, 243_100)
    expect(sending.backoffs).toBe(0)
    expect(control.heard).toEqual(['timed out', 'recovered'])
  })

  it('for nothing is seen by the echo of an original, and taken back', () => {
    warmUp(4)
    wake(300)
    control.cwndBytes = 1_000
    expect(wake(600)).toEqual(['1001-2001!'])
    ack(2_001, 610, [], 610)
    expect(control.heard).toEqual(['timed out', 'undo'])
    expect(sending.facts().undone).toBe(1)
    control.cwndBytes = WIDE
    expect(leave(611)).toEqual([])
  })

  it('for nothing is seen without timestamps by an original that arrives', () => {
    warmUp(4)
    wake(300)
    control.cwndBytes = 1_000
    expect(wake(600)).toEqual(['1001-2001!'])
    ack(2_001, 610)
    expect(control.heard).toEqual(['timed out'])
    ack(3_001, 612)
    expect(control.heard).toEqual(['timed out', 'undo'])
  })

  it('for good reason is not taken back', () => {
    warmUp(4)
    wake(300)
    control.cwndBytes = 1_000
    wake(600)
    ack(2_001, 700, [], 100)
    control.cwndBytes = WIDE
    expect(leave(700)).toEqual(['2001-3001!', '3001-4001!'])
    ack(4_001, 800, [], 100)
    expect(control.heard).toEqual(['timed out', 'recovered'])
    expect(sending.facts().undone).toBe(0)
  })

  it('believes no SACK any more where the peer threw away what it had sacked', () => {
    warmUp(4)
    ack(1_001, 101, [2_001, 4_001])
    expect(wake(126)).toEqual(['1001-2001!'])
    ack(2_001, 226)
    expect(sending.wakeAt()).toBe(236)
    expect(wake(236)).toEqual(['2001-3001!', '3001-4001!'])
  })
})

describe('a window that ends a little earlier than it did', () => {
  it('does not keep back what fitted before, and would be waited for without end', () => {
    sending.acked(1, [], 3_201, undefined, 0)
    sending.offer(3_001)
    expect(leave(0)).toEqual(['1-1001', '1001-2001', '2001-3001'])
    sending.acked(2_001, [], 2_950, RTT_MS, RTT_MS)
    const again: string[] = []
    for (let count = 0; count < 3; count++) again.push(...wake(sending.wakeAt()!))
    expect(again).toContain('2001-3001!')
  })
})

describe('a closed window', () => {
  it('is asked with a byte at growing intervals for ever, and counts no timeout', () => {
    warmUp(2)
    sending.acked(2_001, [], 2_001, undefined, 110)
    sending.offer(9_001)
    expect(leave(110)).toEqual([])
    const { rtoMs } = sending.facts()
    expect(sending.wakeAt()).toBeCloseTo(110 + rtoMs)
    let at = sending.wakeAt()!
    expect(wake(at)).toEqual(['2001-2002?'])
    const waits: number[] = []
    for (let count = 0; count < 9; count++) {
      sending.acked(2_001, [], 2_001, undefined, at + RTT_MS)
      expect(sending.backoffs).toBe(0)
      waits.push(sending.wakeAt()! - at)
      at = sending.wakeAt()!
      expect(wake(at)).toEqual(['2001-2002!?'])
    }
    expect(waits.every((wait, index) => index === 0 || wait >= waits[index - 1]!)).toBe(true)
    expect(waits.at(-1)).toBe(60_000)
    expect(sending.facts()).toMatchObject({ timeouts: 0, zeroWindowProbes: 10 })
    expect(control.heard).toEqual([])
  })

  it('counts probes that nobody answers', () => {
    warmUp(1)
    sending.acked(1_001, [], 1_001, undefined, 110)
    sending.offer(9_001)
    leave(110)
    for (let count = 0; count < 4; count++) wake(sending.wakeAt()!)
    expect(sending.backoffs).toBe(4)
  })

  it('that opens lets everything leave at once, the byte too', () => {
    warmUp(1)
    sending.acked(1_001, [], 1_001, undefined, 110)
    sending.offer(3_001)
    leave(110)
    wake(sending.wakeAt()!)
    sending.acked(1_001, [], 9_001, undefined, 900)
    expect(leave(900)).toEqual(['1001-1002!', '1002-2002', '2002-3001'])
  })

  it('that took the byte goes on after it', () => {
    warmUp(1)
    sending.acked(1_001, [], 1_001, undefined, 110)
    sending.offer(3_001)
    leave(110)
    wake(sending.wakeAt()!)
    sending.acked(1_002, [], 9_001, undefined, 900)
    expect(leave(900)).toEqual(['1002-2002', '2002-3001'])
  })

  it('too small for a segment lets that much leave after a while, when nothing is under way', () => {
    warmUp(1)
    sending.acked(1_001, [], WIDE, undefined, 110)
    sending.acked(1_001, [], 1_301, undefined, 111)
    sending.offer(9_001)
    expect(leave(111)).toEqual([])
    expect(wake(sending.wakeAt()!)).toEqual(['1001-1301?'])
  })

  it('that shrinks under what is in flight is asked too', () => {
    warmUp(4)
    sending.acked(2_001, [], 2_001, undefined, 110)
    expect(leave(110)).toEqual([])
    const left: string[] = []
    for (let count = 0; count < 3; count++) left.push(...wake(sending.wakeAt()!))
    expect(left.every(range => range === '2001-2002!?')).toBe(true)
    sending.acked(2_001, [], 9_001, undefined, 5_000)
    expect(leave(5_000)).toContain('2001-3001!')
  })
})

describe('another path', () => {
  it('has its own window at once, asks at once, and loses nothing', () => {
    control.cwndBytes = 3_000
    warmUp(3)
    sending.offer(9_001)
    expect(leave(101)).toEqual(['3001-4001'])
    sending.turned(110)
    expect(leave(110)).toEqual(['4001-5001', '5001-6001', '6001-7001'])
    ack(1_001, 130, [4_001, 7_001])
    expect(control.heard).toEqual(['turned'])
    // The old one may still deliver: its round trip of 100 ms and four times the variation are waited for.
    expect(leave(130)).toEqual(['7001-8001', '8001-9001'])
    control.cwndBytes = WIDE
    expect(wake(299)).toEqual([])
    expect(wake(300)).toEqual(['1001-2001!', '2001-3001!'])
    expect(wake(401)).toContain('3001-4001!')
    expect(control.heard).toEqual(['turned'])
    expect(sending.facts().lostBytes).toBe(0)
  })

  it('begins its round trips with its own first sample', () => {
    warmUp(2)
    sending.turned(110)
    sending.offer(3_001)
    leave(110)
    ack(3_001, 130)
    expect(sending.facts()).toMatchObject({ srttMs: 20, rttVarMs: 10, minRttMs: 20 })
  })
})

describe('another MSS', () => {
  it('cuts what is sent again, asks at once, and is no congestion', () => {
    warmUp(3)
    sending.setMss(400)
    expect(leave(101)).toEqual(['2801-3001!'])
    ack(1_001, 201, [2_801, 3_001])
    expect(wake(sending.wakeAt()!)).toEqual([
      '1001-1401!',
      '1401-1801!',
      '1801-2001!',
      '2001-2401!',
      '2401-2801!',
    ])
    expect(control.heard).toEqual([])
  })

  it('that what is in flight fits into is no reason to ask', () => {
    warmUp(3)
    sending.setMss(1_000)
    sending.setMss(1_400)
    sending.setMss(1_000)
    expect(leave(101)).toEqual([])
  })

  it('that is larger holds for what is new', () => {
    warmUp(2)
    sending.setMss(1_400)
    sending.offer(9_001)
    expect(leave(101)[0]).toBe('2001-3401')
  })
})
