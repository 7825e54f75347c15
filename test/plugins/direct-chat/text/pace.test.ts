/** How long to wait and how much to send: the estimator of RFC 6298 and the window of RFC 5681 by the numbers. */
import { describe, expect, it } from 'vitest'
import { CongestionWindow } from '../../../../src/plugins/direct-chat/text/congestion-window.ts'
import {
  RTO_FIRST_MS,
  RTO_MAX_MS,
  RTO_MIN_MS,
  WINDOW_FIRST,
  WINDOW_MAX,
  WINDOW_MIN,
} from '../../../../src/plugins/direct-chat/text/limits.ts'
import { RoundTrip } from '../../../../src/plugins/direct-chat/text/round-trip.ts'

describe('the round trip', () => {
  it('waits a second before anything was measured', () => {
    const trip = new RoundTrip()
    expect(trip.timeoutMs).toBe(RTO_FIRST_MS)
    expect(trip.guessMs).toBe(RTO_MIN_MS)
  })

  it('follows the formulas of the RFC', () => {
    const trip = new RoundTrip()
    trip.measured(400)
    expect(trip.timeoutMs).toBe(400 + 4 * 200)
    trip.measured(600)
    const variation = 0.75 * 200 + 0.25 * 200
    expect(trip.guessMs).toBe(425)
    expect(trip.timeoutMs).toBe(425 + 4 * variation)
  })

  it('never waits less than the floor, doubles with each expiry up to the roof, and forgets that on progress', () => {
    const trip = new RoundTrip()
    for (let times = 0; times < 20; times += 1) trip.measured(1)
    expect(trip.timeoutMs).toBe(RTO_MIN_MS)
    trip.expired()
    trip.expired()
    expect(trip.timeoutMs).toBe(RTO_MIN_MS * 4)
    for (let times = 0; times < 50; times += 1) trip.expired()
    expect(trip.timeoutMs).toBe(RTO_MAX_MS)
    trip.progressed()
    expect(trip.timeoutMs).toBe(RTO_MIN_MS)
  })
})

describe('the congestion window', () => {
  it('doubles within a round trip until it is full', () => {
    const window = new CongestionWindow()
    expect(window.size).toBe(WINDOW_FIRST)
    window.acknowledged(WINDOW_FIRST)
    expect(window.size).toBe(2 * WINDOW_FIRST)
    for (let times = 0; times < 20; times += 1) window.acknowledged(window.size)
    expect(window.size).toBe(WINDOW_MAX)
  })

  it('is halved once a round trip however much was lost, and then grows by one a window', () => {
    const window = new CongestionWindow()
    window.lost(1_000, 100)
    window.lost(1_050, 100)
    expect(window.size).toBe(WINDOW_FIRST / 2)
    window.acknowledged(window.size)
    expect(window.size).toBe(WINDOW_FIRST / 2 + 1)
    for (let atMs = 2_000; atMs < 5_000; atMs += 200) window.lost(atMs, 100)
    expect(window.size).toBe(WINDOW_MIN)
  })
})
