/** Waiting for a message: later states satisfy earlier wishes, and every wait ends. */
import { describe, expect, it } from 'vitest'
import { VirtualClock } from '../../../src/kernel/testing/virtual-clock.ts'
import { type Wish, waitForDelivery } from '../../../src/plugins/direct-chat/delivery-wait.ts'
import { DeliveryBook, type DeliveryState } from '../../../src/plugins/direct-chat/text/delivery-book.ts'
import { deviceOf, STREAM } from '../../support/sealing.ts'

const { device } = deviceOf(2)

function waiting(wish: Wish) {
  const [book, clock, caller] = [new DeliveryBook(), new VirtualClock(), new AbortController()]
  const { signal } = caller
  const answer = waitForDelivery(book, clock, { stream: STREAM, seq: 4, wish, timeoutMs: 1_000, signal })
  const move = (state: Exclude<DeliveryState, 'queued' | 'failed'>, below: number): void => {
    book.pointers(STREAM, device)[state] = below
    book.tell({ stream: STREAM, device, state, below, rttMs: state === 'delivered' ? 7 : undefined })
  }
  return { book, clock, caller, answer, move }
}

describe('waiting for delivery', () => {
  it('ends with the state wished for, and with how long the answer took', async () => {
    const { answer, move } = waiting('delivered')
    move('sent', 5)
    move('delivered', 4)
    move('delivered', 5)
    expect(await answer).toEqual({ state: 'delivered', rttMs: 7, isFulfilled: true })
  })

  it.each(['sent', 'stored', 'delivered'] as const)('for %s is satisfied by read', async wish => {
    const { answer, move } = waiting(wish)
    move('read', 5)
    expect(await answer).toMatchObject({ state: 'read', isFulfilled: true })
  })

  it('ends when the time is up, with the state so far', async () => {
    const { answer, move, clock } = waiting('read')
    move('delivered', 5)
    clock.step(1_000)
    expect(await answer).toEqual({ state: 'delivered', rttMs: 7, isFulfilled: false })
  })

  it('ends when the caller has gone, and when the message failed', async () => {
    const gone = waiting('sent')
    gone.caller.abort()
    expect(await gone.answer).toMatchObject({ state: 'queued', isFulfilled: false })
    const failing = waiting('delivered')
    failing.book.failed(STREAM, [4], 'no room')
    failing.book.tell({ stream: STREAM, device, state: 'failed', below: 5 })
    expect(await failing.answer).toMatchObject({ state: 'failed', reason: 'no room', isFulfilled: false })
  })
})
