/** Waiting for messages: later states satisfy earlier wishes, and every wait ends, once. */
import { describe, expect, it } from 'vitest'
import { VirtualClock } from '../../../src/kernel/testing/virtual-clock.ts'
import { DeliveryWaits, type Wish } from '../../../src/plugins/direct-chat/delivery-waits.ts'
import { DeliveryBook, type DeliveryState } from '../../../src/plugins/direct-chat/text/delivery-book.ts'
import { deviceOf, STREAM } from '../../support/sealing.ts'

const { device } = deviceOf(2)

function world() {
  const [book, clock] = [new DeliveryBook(), new VirtualClock()]
  const waits = new DeliveryWaits(book, clock)
  book.delivery$.subscribe(step => waits.moved(step))
  let hangUp = (): void => undefined
  const onGone = (run: () => void) => {
    hangUp = run
    return () => undefined
  }
  const wait = (wish: Wish, seq = 4) => waits.until({ stream: STREAM, seq, wish, timeoutMs: 1_000, onGone })
  const move = (state: Exclude<DeliveryState, 'queued' | 'failed'>, below: number): void => {
    book.pointers(STREAM, device)[state] = below
    book.tell({ stream: STREAM, device, state, below, rttMs: state === 'delivered' ? 7 : undefined })
  }
  return { book, clock, wait, move, hangUp: () => hangUp(), end: () => waits.end(STREAM) }
}

describe('waiting for delivery', () => {
  it('ends with the state wished for, and with who has it and how long the answer took', async () => {
    const { wait, move } = world()
    const answer = wait('delivered')
    move('sent', 5)
    move('delivered', 4)
    move('delivered', 5)
    expect(await answer).toEqual({
      state: 'delivered',
      carried: { by: device, rttMs: 7 },
      isFulfilled: true,
    })
  })

  it.each(['sent', 'stored', 'delivered'] as const)('for %s is satisfied by read', async wish => {
    const { wait, move } = world()
    const answer = wait(wish)
    move('read', 5)
    expect(await answer).toMatchObject({ state: 'read', isFulfilled: true })
  })

  it('ends for everybody in a conversation that is over', async () => {
    const { wait, end, move } = world()
    const answers = [wait('delivered', 4), wait('sent', 5)]
    end()
    for (const answer of answers) expect(await answer).toMatchObject({ state: 'queued', isFulfilled: false })
    const later = wait('sent', 6)
    move('sent', 7)
    expect(await later).toMatchObject({ isFulfilled: true })
  })

  it('for what has already come so far ends at once', async () => {
    const { wait, move } = world()
    move('delivered', 5)
    expect(await wait('sent')).toMatchObject({ state: 'delivered', isFulfilled: true })
  })

  it('ends for all messages that an acknowledgement covers and for no other, whatever each wishes', async () => {
    const { wait, move } = world()
    const ended: string[] = []
    const told = async (name: string, answer: ReturnType<typeof wait>) => {
      const { state, isFulfilled } = await answer
      ended.push(`${name} ${state} ${isFulfilled}`)
    }
    const all = [
      told('5 delivered', wait('delivered', 5)),
      told('3 read', wait('read', 3)),
      told('4 sent', wait('sent', 4)),
      told('3 delivered', wait('delivered', 3)),
      told('6 delivered', wait('delivered', 6)),
    ]
    move('delivered', 6)
    await Promise.all([all[0], all[2], all[3]])
    expect(ended.splice(0)).toEqual([
      '3 delivered delivered true',
      '4 sent delivered true',
      '5 delivered delivered true',
    ])
    move('read', 4)
    move('delivered', 7)
    await Promise.all(all)
    expect(ended).toEqual(['3 read read true', '6 delivered delivered true'])
  })

  it('ends when the time is up, with the state so far', async () => {
    const { wait, move, clock } = world()
    const answer = wait('read')
    move('delivered', 5)
    clock.step(1_000)
    expect(await answer).toEqual({
      state: 'delivered',
      carried: { by: device, rttMs: 7 },
      isFulfilled: false,
    })
  })

  it('ends when the caller has gone, and when the message failed', async () => {
    const gone = world()
    const left = gone.wait('sent')
    gone.hangUp()
    expect(await left).toMatchObject({ state: 'queued', isFulfilled: false })
    const failing = world()
    const failed = failing.wait('delivered')
    failing.book.failed(STREAM, [4], 'no room')
    failing.book.tell({ stream: STREAM, device, state: 'failed', below: 5 })
    expect(await failed).toMatchObject({ state: 'failed', reason: 'no room', isFulfilled: false })
  })
})
