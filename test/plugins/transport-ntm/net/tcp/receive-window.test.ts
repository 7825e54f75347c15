/** The windows of a stack share what they grow by, and each gives its share back for good when it ends. */
import { describe, expect, it } from 'vitest'
import {
  RECEIVE_GROWTH_BYTES,
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
    let nowMs = 0
    const readOn = (): void => {
      for (let period = 0; period < 10; period++) window.read(RECEIVE_START_BYTES, (nowMs += 100))
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

  it('that has ended takes nothing more, though its reader reads on', () => {
    const budget = new ReceiveBudget()
    const { window, readOn } = grown(budget)
    window.close()
    readOn()
    expect(budget.take(RECEIVE_GROWTH_BYTES)).toBe(RECEIVE_GROWTH_BYTES)
  })
})
