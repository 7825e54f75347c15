/**
 * Round trips and what is derived from them, as tables: the timeout of RFC 6298, pacing in the grain of timers, and
 * delivery rates as ACKs show them.
 */
import { describe, expect, it } from 'vitest'
import { Pacing } from '../../../../../src/plugins/transport-ntm/net/tcp/pacing.ts'
import { RateSampler } from '../../../../../src/plugins/transport-ntm/net/tcp/rate-sample.ts'
import { RoundTrips } from '../../../../../src/plugins/transport-ntm/net/tcp/rto.ts'
import { Scoreboard } from '../../../../../src/plugins/transport-ntm/net/tcp/scoreboard.ts'
import { Sending } from '../../../../../src/plugins/transport-ntm/net/tcp/sending.ts'
import { FixedControl } from './support/fixed-control.ts'

describe('the timeout', () => {
  it('is a second before the first sample, then the round trip and four times its variation', () => {
    const trips = new RoundTrips()
    expect(trips.rtoMs).toBe(1_000)
    trips.sample(400, 1, 0)
    expect(trips).toMatchObject({ srttMs: 400, rttVarMs: 200, rtoMs: 1_200 })
    trips.sample(480, 1, 400)
    expect(trips).toMatchObject({ srttMs: 410, rttVarMs: 170, rtoMs: 1_090 })
  })

  it('leaves a delayed ACK its 200 ms', () => {
    const trips = new RoundTrips()
    for (let count = 0; count < 100; count++) trips.sample(10, 1, count)
    expect(trips.rtoMs).toBeCloseTo(210)
  })

  it('weighs each of many samples in one round trip less', () => {
    const [one, many] = [new RoundTrips(), new RoundTrips()]
    one.sample(100, 1, 0)
    many.sample(100, 8, 0)
    one.sample(180, 1, 1)
    many.sample(180, 8, 1)
    expect(one.srttMs).toBe(110)
    expect(many.srttMs).toBe(101.25)
  })

  it('doubles up to a minute', () => {
    const trips = new RoundTrips()
    trips.sample(400, 1, 0)
    for (let count = 0; count < 100; count++) trips.backOff()
    expect(trips.rtoMs).toBe(60_000)
    trips.heard()
    expect(trips.rtoMs).toBe(1_200)
  })

  it('is 3 s once the first one has run out, until there is a sample', () => {
    const trips = new RoundTrips()
    trips.backOff()
    expect(trips.rtoMs).toBe(2_000)
    trips.heard()
    expect(trips.rtoMs).toBe(3_000)
    trips.sample(400, 1, 0)
    expect(trips.rtoMs).toBe(1_200)
  })

  it('forgets a smallest round trip after a minute', () => {
    const trips = new RoundTrips()
    trips.sample(10, 1, 0)
    for (let nowMs = 0; nowMs <= 29_000; nowMs += 1_000) trips.sample(50, 1, nowMs)
    expect(trips.minRttMs).toBe(10)
    for (let nowMs = 30_000; nowMs <= 70_000; nowMs += 1_000) trips.sample(50, 1, nowMs)
    expect(trips.minRttMs).toBe(50)
  })
})

describe('pacing', () => {
  const BYTES = 1_000

  /** Bytes that leave when asked at these moments. */
  const leave = (pacing: Pacing, bytesPerMs: number, moments: readonly number[]): readonly number[] =>
    moments.map(nowMs => {
      let bytes = 0
      while (bytes < 100 * BYTES && pacing.allows(nowMs)) {
        pacing.sent(BYTES, bytesPerMs, nowMs)
        bytes += BYTES
      }
      return bytes
    })

  it.each([1_000, 10_000, 50_000])(
    'keeps %i bytes a millisecond with timers of one millisecond',
    bytesPerMs => {
      const pacing = new Pacing()
      const moments = Array.from({ length: 1_000 }, (_, at) => 1_000 + at)
      const sum = leave(pacing, bytesPerMs, moments).reduce((a, b) => a + b)
      expect(sum / 1_000 / bytesPerMs).toBeGreaterThan(0.99)
      expect(sum / 1_000 / bytesPerMs).toBeLessThan(1.01)
    },
  )

  it('makes a late wake-up good, but not idleness', () => {
    const pacing = new Pacing()
    const [first, second, third] = leave(pacing, 10_000, [1_000, 1_004, 5_000])
    expect(first).toBeLessThanOrEqual(60_000)
    expect(second).toBeGreaterThan(30_000)
    expect(third).toBeLessThan(60_000)
  })

  it('is overslept by nobody whose path has turned meanwhile', () => {
    const congestion = new FixedControl()
    congestion.pacingBytesPerMs = 100
    const sending = new Sending({
      congestion,
      mssBytes: 1_000,
      nowMs: 0,
      startOffset: 1,
      windowEndOffset: 1e6,
    })
    const leave = (nowMs: number): void => {
      while (sending.next(nowMs)) sending.sent(sending.from, sending.to, nowMs)
    }
    sending.offer(20_001)
    leave(1_000)
    sending.turned(1_001)
    leave(1_001)
    sending.acked(sending.sentOffset, [], 1e6, undefined, 1_050)
    expect(congestion.news.at(-1)!.isAppLimited).toBe(false)
  })
})

describe('a delivery rate', () => {
  const heardBy = (board: Scoreboard, rate: RateSampler, nowMs: number) => ({
    delivered: (record: number, bytes: number) => rate.delivered(board, record, bytes, nowMs),
  })

  const send = (board: Scoreboard, rate: RateSampler, nowMs: number, segments: number): void => {
    for (let count = 0; count < segments; count++) {
      const record = board.sentNew(board.endOffset + 1_000, nowMs)
      rate.sent(board, record, board.inFlightBytes, nowMs)
    }
  }

  const acked = (board: Scoreboard, rate: RateSampler, offset: number, nowMs: number): number => {
    rate.begin()
    board.acknowledge(offset, heardBy(board, rate, nowMs))
    return rate.rateBytesPerMs(10, nowMs)
  }

  it('is what arrived over the flight of the newest segment', () => {
    const [board, rate] = [new Scoreboard(0), new RateSampler()]
    let last = 0
    for (let nowMs = 0; nowMs < 200; nowMs++) {
      if (nowMs >= 50) last = acked(board, rate, (nowMs - 49) * 1_000, nowMs)
      send(board, rate, nowMs, 1)
    }
    expect(last).toBeCloseTo(1_000)
  })

  it('is no faster than the segments left, however their ACKs come', () => {
    const [board, rate] = [new Scoreboard(0), new RateSampler()]
    for (let nowMs = 0; nowMs < 100; nowMs++) send(board, rate, nowMs, 1)
    expect(acked(board, rate, 100_000, 110)).toBeLessThan(1_100)
  })

  it('is not made of less than a round trip', () => {
    const [board, rate] = [new Scoreboard(0), new RateSampler()]
    send(board, rate, 0, 5)
    expect(acked(board, rate, 5_000, 2)).toBe(0)
  })

  it('says when the application was the limit, until what was under way then is delivered', () => {
    const [board, rate] = [new Scoreboard(0), new RateSampler()]
    send(board, rate, 0, 2)
    rate.limited(board.inFlightBytes)
    send(board, rate, 5, 2)
    acked(board, rate, 2_000, 20)
    expect(rate.isAppLimited).toBe(false)
    acked(board, rate, 4_000, 25)
    expect(rate.isAppLimited).toBe(true)
    send(board, rate, 30, 1)
    acked(board, rate, 5_000, 50)
    expect(rate.isAppLimited).toBe(false)
  })
})
