/** The windows of a stack share what they grow by, and each gives its share back for good when it ends. */
import { describe, expect, it } from 'vitest'
import { Incoming } from '../../../../../src/plugins/transport-ntm/net/tcp/incoming.ts'
import {
  RECEIVE_GROWTH_BYTES,
  RECEIVE_MAX_BYTES,
  RECEIVE_START_BYTES,
} from '../../../../../src/plugins/transport-ntm/net/tcp/limits.ts'
import {
  ReceiveBudget,
  ReceiveWindow,
} from '../../../../../src/plugins/transport-ntm/net/tcp/receive-window.ts'

describe('a receive window', () => {
  const grown = (budget: ReceiveBudget): { window: ReceiveWindow; readOn: () => void } => {
    const window = new ReceiveWindow(budget, 1200)
    window.scale = 8
    let [nowMs, readBytes] = [0, 0]
    const readOn = (): void => {
      for (let period = 0; period < 10; period++)
        window.used((readBytes += RECEIVE_START_BYTES), 0, (nowMs += 100))
    }
    readOn()
    return { window, readOn }
  }

  it('grows with what is read, out of the budget of all', () => {
    const budget = new ReceiveBudget()
    const { window } = grown(budget)
    expect(window.capacityBytes).toBeGreaterThan(RECEIVE_START_BYTES)
    const left = budget.take(RECEIVE_GROWTH_BYTES)
    expect(left + window.capacityBytes - RECEIVE_START_BYTES).toBe(RECEIVE_GROWTH_BYTES)
  })

  it('grows with what waits behind a gap while there is plenty, and then with what is read', () => {
    const budget = new ReceiveBudget()
    const waiting = (): ReceiveWindow => {
      const window = new ReceiveWindow(budget, 1200)
      window.scale = 8
      for (let period = 1; period < 8; period++) window.used(0, period * RECEIVE_MAX_BYTES, 100 * period)
      return window
    }
    expect([waiting(), waiting()].map(window => window.capacityBytes)).toEqual([
      RECEIVE_MAX_BYTES,
      RECEIVE_MAX_BYTES,
    ])
    waiting()
    const last = waiting()
    expect(last.capacityBytes).toBe(RECEIVE_START_BYTES)
    last.used(RECEIVE_MAX_BYTES, 0, 900)
    expect(last.capacityBytes).toBeGreaterThan(RECEIVE_START_BYTES)
  })

  it('grows behind a gap only for who has read what stands before it', () => {
    const windowOf = (isReader: boolean): number => {
      const window = new ReceiveWindow(new ReceiveBudget(), 1200)
      window.scale = 8
      const incoming = new Incoming(window)
      incoming.take(1, new Uint8Array(1000), false, false, 0)
      if (isReader) incoming.read(0)
      for (let piece = 2; piece < 60; piece++)
        incoming.take(1000 * piece, new Uint8Array(1000), false, false, 5 * piece)
      return window.capacityBytes
    }
    expect(windowOf(true)).toBeGreaterThan(RECEIVE_START_BYTES)
    expect(windowOf(false)).toBe(RECEIVE_START_BYTES)
  })

  it('that has ended takes nothing more, though its reader reads on', () => {
    const budget = new ReceiveBudget()
    const { window, readOn } = grown(budget)
    window.close()
    readOn()
    expect(budget.take(RECEIVE_GROWTH_BYTES)).toBe(RECEIVE_GROWTH_BYTES)
  })
})
