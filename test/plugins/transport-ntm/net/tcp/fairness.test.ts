/**
 * What flows leave for each other on one narrow place of 100 Mb/s with a buffer of one bandwidth-delay product:
 * against BBR as kernels run it, against each other, against CUBIC; and how long a queue one flow alone makes.
 */
import { describe, expect, it } from 'vitest'
import { newBbr } from '../../../../../src/plugins/transport-ntm/net/tcp/bbr.ts'
import { newCubic } from '../../../../../src/plugins/transport-ntm/net/tcp/cubic.ts'
import { newRivalBbr } from './support/rival-bbr.ts'
import { Scene } from './support/scene.ts'

const LATER_MS = 1_000
const FROM_MS = 5_000
const TO_MS = 25_000

const shares = (first: typeof newBbr, second: typeof newBbr, roundTripMs: number, seed: number) => {
  const scene = new Scene({ megabits: 100, roundTripMs, seed })
  const flows = [scene.flow(first), scene.flow(second, { startMs: LATER_MS })]
  const [a, b] = scene.between(FROM_MS, TO_MS, ...flows)
  return { a: a!, b: b!, ratio: a! / b! }
}

describe('a share of the path', () => {
  it.each([
    ['second at 20 ms', 20, newRivalBbr, newBbr],
    ['first at 20 ms', 20, newBbr, newRivalBbr],
    ['second at 50 ms', 50, newRivalBbr, newBbr],
    ['first at 50 ms', 50, newBbr, newRivalBbr],
  ])('is between half and twice that of a kernel BBR flow, for the %s', (_, roundTripMs, first, second) => {
    const { a, b, ratio } = shares(first, second, roundTripMs, 1)
    expect(ratio).toBeGreaterThan(0.5)
    expect(ratio).toBeLessThan(2)
    expect(a + b).toBeGreaterThan(80)
  })

  it.each([1, 2, 3])('is at least half that of a kernel BBR flow from the beginning, seed %i', seed => {
    const scene = new Scene({ megabits: 100, roundTripMs: 50, seed })
    const flows = [scene.flow(newRivalBbr), scene.flow(newBbr, { startMs: 3_000 })]
    const [theirs, ours] = scene.between(3_000, 18_000, ...flows)
    expect(ours! / theirs!).toBeGreaterThan(0.5)
    expect(ours! / theirs!).toBeLessThan(2)
  })

  it('is about half for the second of two of ours', () => {
    const { a, b, ratio } = shares(newBbr, newBbr, 40, 2)
    expect(ratio).toBeGreaterThan(0.66)
    expect(ratio).toBeLessThan(1.5)
    expect(a + b).toBeGreaterThan(80)
  })

  it('leaves CUBIC at least a tenth, and is not driven out by it', () => {
    for (const pair of [shares(newBbr, newCubic, 40, 3), shares(newCubic, newBbr, 40, 3)]) {
      expect(Math.min(pair.a, pair.b)).toBeGreaterThan(9)
      expect(pair.a + pair.b).toBeGreaterThan(85)
    }
  })
})

describe('the queue', () => {
  it('of one flow alone is short, and nothing overflows', () => {
    const scene = new Scene({ megabits: 100, roundTripMs: 40 })
    const flow = scene.flow()
    scene.time.runUntil(2_000)
    scene.link.forgetQueue()
    const [rate] = scene.between(2_000, 9_000, flow)
    expect(rate).toBeGreaterThan(88)
    expect(scene.link.meanQueueMs).toBeLessThan(8)
    expect(scene.link.dropped).toBe(0)
  })

  it('of one flow alone stays short when ACKs come in bunches of 2 ms', () => {
    const scene = new Scene({ megabits: 100, roundTripMs: 40, gatherAcksMs: 2 })
    const flow = scene.flow()
    scene.time.runUntil(2_000)
    scene.link.forgetQueue()
    scene.between(2_000, 5_000, flow)
    expect(scene.link.meanQueueMs).toBeLessThan(10)
  })

  it('in a buffer of ten products holds one of them on the average, however many there is room for', () => {
    const scene = new Scene({ megabits: 100, roundTripMs: 40, bufferBdp: 10 })
    const flows = [scene.flow(), scene.flow(newBbr, { startMs: LATER_MS })]
    scene.time.runUntil(FROM_MS)
    scene.link.forgetQueue()
    scene.between(FROM_MS, 15_000, ...flows)
    expect(scene.link.meanQueueMs).toBeLessThan(60)
  })
})
