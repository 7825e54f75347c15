/**
 * The fence: whatever a plugin throws, wherever it throws it, is counted and stays inside. A test that let one
 * exception out would end this very process.
 */
import { map, Subject } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { Fence } from '../../src/kernel/fence.ts'
import { VirtualClock } from '../../src/kernel/testing/virtual-clock.ts'
import { pass, settle } from '../support/house.ts'

const fenced = () => {
  const clock = new VirtualClock()
  const reasons: string[] = []
  return { clock, reasons, fence: new Fence(clock, reason => reasons.push(reason)) }
}

const boom = (): never => {
  throw new Error('boom')
}

describe('a fence', () => {
  it('hands on what works', () => {
    expect(fenced().fence.guard('sum', () => 1 + 1)).toBe(2)
  })

  it('withdraws at the fifth failure within a minute, not before, and only once', async () => {
    const { fence, reasons } = fenced()
    for (let n = 0; n < 4; n += 1) fence.guard('step', boom)
    await settle()
    expect(reasons).toEqual([])
    for (let n = 0; n < 4; n += 1) fence.guard('step', boom)
    await settle()
    expect(reasons).toEqual(["'step' was the 5th failure within a minute: boom"])
    expect(fence.failures).toBe(5)
  })

  it('forgives what is older than a minute', async () => {
    const { clock, fence, reasons } = fenced()
    for (let n = 0; n < 20; n += 1) {
      fence.guard('step', boom)
      await pass(clock, 15_000)
    }
    expect(reasons).toEqual([])
    expect(fence.failures).toBe(20)
  })

  it('never withdraws in the middle of a call', () => {
    const { fence, reasons } = fenced()
    for (let n = 0; n < 5; n += 1) fence.guard('step', boom)
    expect(reasons).toEqual([])
  })

  it('runs nothing more once it gave up', () => {
    const { fence } = fenced()
    for (let n = 0; n < 5; n += 1) fence.guard('step', boom)
    expect(fence.guard('step', () => 'ran')).toBeUndefined()
  })

  it('counts promises that reject, also from handlers that are async by mistake', async () => {
    const { fence } = fenced()
    const source = new Subject<number>()
    fence.guard('work', async () => boom())
    fence.subscribe('handler', source, (async () => boom()) as () => void)
    source.next(1)
    await settle()
    expect(fence.failures).toBe(2)
  })

  it('keeps a subscription alive whose handler throws, and lets the neighbours hear', () => {
    const { fence } = fenced()
    const source = new Subject<number>()
    const heard: number[] = []
    const neighbour: number[] = []
    fence.subscribe('odd', source, value => (value % 2 === 0 ? boom() : heard.push(value)))
    source.subscribe(value => neighbour.push(value))
    for (const value of [1, 2, 3]) source.next(value)
    expect([heard, neighbour, fence.failures]).toEqual([[1, 3], [1, 2, 3], 1])
  })

  it('withdraws at once when a subscription dies, for it can never work again', async () => {
    const { fence, reasons } = fenced()
    const source = new Subject<number>()
    fence.subscribe('doubled', source.pipe(map(boom)), () => {})
    source.next(1)
    await settle()
    expect(reasons).toEqual(["its subscription 'doubled' died: boom"])
  })

  it('hears nothing after it was closed, and says so to those who wait', () => {
    const { fence } = fenced()
    const source = new Subject<number>()
    const heard: number[] = []
    fence.subscribe('all', source, value => heard.push(value))
    source.next(1)
    fence.close()
    source.next(2)
    expect(heard).toEqual([1])
    expect(source.observed).toBe(false)
    expect(fence.signal.aborted).toBe(true)
  })

  it('tells the cause in one short line, whatever was thrown', async () => {
    const { fence, reasons } = fenced()
    const nasty = { toString: boom }
    for (const thrown of [undefined, null, nasty, 'x'.repeat(10_000), new Error('a\u001b[2J\nb\u202e.')]) {
      fence.guard('step', () => {
        throw thrown
      })
    }
    await settle()
    expect(reasons).toEqual(["'step' was the 5th failure within a minute: a [2J b"])
  })
})
