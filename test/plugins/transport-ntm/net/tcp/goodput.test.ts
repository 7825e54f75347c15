/**
 * How much of a path a sender uses, in virtual time: the targets for long data, and beside them what CUBIC gets.
 * Everything is seeded, so the figures are the same on every machine.
 */
import { describe, expect, it } from 'vitest'
import { newCubic } from '../../../../../src/plugins/transport-ntm/net/tcp/cubic.ts'
import { Scene } from './support/scene.ts'

const SECOND = 1_000

describe('BBR uses the path', () => {
  it('fills 400 Mb/s at 50 ms', () => {
    const scene = new Scene({ megabits: 400, roundTripMs: 50 })
    const flow = scene.flow()
    const [fromTheStart] = scene.between(0, 3 * SECOND, flow)
    expect(fromTheStart).toBeGreaterThan(300)
    const [later] = scene.between(3 * SECOND, 5 * SECOND, flow)
    expect(later).toBeGreaterThan(350)
  })

  it('keeps 200 of 250 Mb/s at 50 ms with a loss of 1 % each way', () => {
    const scene = new Scene({ megabits: 250, roundTripMs: 50, loss: 0.01, ackLoss: 0.01 })
    const flow = scene.flow()
    const [fromTheStart] = scene.between(0, 5 * SECOND, flow)
    expect(fromTheStart).toBeGreaterThan(150)
    const [later] = scene.between(5 * SECOND, 8 * SECOND, flow)
    expect(later).toBeGreaterThan(200)
    expect(flow.sending.facts()).toMatchObject({ timeouts: 0, undone: 0 })
  })

  it('keeps 130 of 150 Mb/s at 200 ms with a loss of 0.1 % each way', () => {
    const scene = new Scene({ megabits: 150, roundTripMs: 200, loss: 0.001, ackLoss: 0.001 })
    const flow = scene.flow()
    const [fromTheStart] = scene.between(0, 10 * SECOND, flow)
    expect(fromTheStart).toBeGreaterThan(100)
    const [later] = scene.between(10 * SECOND, 14 * SECOND, flow)
    expect(later).toBeGreaterThan(125)
  })

  it('fills 1.2 Gb/s at 0.3 ms although its timers are good for 1 ms', () => {
    const scene = new Scene({ megabits: 1_200, roundTripMs: 0.3, bufferBdp: 4 })
    const [rate] = scene.between(100, 600, scene.flow())
    expect(rate).toBeGreaterThan(1_000)
  })

  it('is not led by ACKs that come every 2 ms or every 20 ms, or by the loss of each third ACK', () => {
    for (const way of [{ gatherAcksMs: 2 }, { gatherAcksMs: 20 }, { ackLoss: 0.33 }]) {
      const scene = new Scene({ megabits: 100, roundTripMs: 40, ...way })
      const [rate] = scene.between(1 * SECOND, 4 * SECOND, scene.flow())
      expect(rate).toBeGreaterThan(85)
    }
  })
})

describe('CUBIC beside it', () => {
  it('fills the clean path too', () => {
    const scene = new Scene({ megabits: 400, roundTripMs: 50 })
    const [rate] = scene.between(2 * SECOND, 4 * SECOND, scene.flow(newCubic))
    expect(rate).toBeGreaterThan(350)
  })

  it('is left with some 3 Mb/s where 1 % is lost: why there is a BBR', () => {
    const scene = new Scene({ megabits: 250, roundTripMs: 50, loss: 0.01, ackLoss: 0.01 })
    const [rate] = scene.between(0, 5 * SECOND, scene.flow(newCubic))
    expect(rate).toBeGreaterThan(1)
    expect(rate).toBeLessThan(10)
  })
})
