/**
 * A sender in trouble, in virtual time: outages, other paths, segments that are too large, peers that throw away,
 * reordering, tails. What counts is how soon it is back, and that nothing waits for ever.
 */
import { describe, expect, it } from 'vitest'
import { newBbr } from '../../../../../src/plugins/transport-ntm/net/tcp/bbr.ts'
import { newCubic } from '../../../../../src/plugins/transport-ntm/net/tcp/cubic.ts'
import { SEND_AHEAD } from '../../../../../src/plugins/transport-ntm/net/tcp/limits.ts'
import { Scene } from './support/scene.ts'

const CONTROLS = [
  ['BBR', newBbr],
  ['CUBIC', newCubic],
] as const

describe.each(CONTROLS)('%s after trouble', (_, newControl) => {
  it('is back at the full rate within the time of an outage and 500 ms', () => {
    const scene = new Scene({ megabits: 100, roundTripMs: 50 })
    const flow = scene.flow(newControl)
    scene.time.runUntil(3_000)
    scene.link.isDown = true
    scene.time.runUntil(5_000)
    scene.link.isDown = false
    const [rate] = scene.between(7_500, 9_000, flow)
    expect(rate).toBeGreaterThan(88)
    expect(flow.longestStallMs).toBeLessThan(100)
  })

  it('is back at once where it is told that the path carries again', () => {
    const scene = new Scene({ megabits: 100, roundTripMs: 50 })
    const flow = scene.flow(newControl)
    scene.time.runUntil(3_000)
    scene.link.isDown = true
    scene.time.runUntil(8_000)
    scene.link.isDown = false
    flow.sending.turned(8_000)
    flow.pump()
    const [rate] = scene.between(8_700, 10_000, flow)
    expect(rate).toBeGreaterThan(80)
  })

  it('goes on when the largest segment shrinks under it', () => {
    const scene = new Scene({ megabits: 100, roundTripMs: 50 })
    const flow = scene.flow(newControl)
    scene.time.runUntil(3_000)
    scene.link.largestBytes = 1_000
    scene.time.runUntil(3_700)
    flow.sending.setMss(990)
    flow.pump()
    const [rate] = scene.between(4_300, 6_000, flow)
    expect(rate).toBeGreaterThan(85)
    expect(flow.sending.facts().mssBytes).toBe(990)
  })

  it('takes a delay that grows by 200 ms for what it is', () => {
    const scene = new Scene({ megabits: 50, roundTripMs: 40, bufferBdp: 2 })
    const flow = scene.flow(newControl)
    scene.time.runUntil(2_000)
    scene.link.oneWayMs += 300
    scene.time.runUntil(2_700)
    scene.link.oneWayMs -= 300
    const [rate] = scene.between(2_700, 6_000, flow)
    expect(flow.sending.facts().undone).toBeGreaterThan(0)
    expect(rate).toBeGreaterThan(38)
  })

  it('does not stop when the peer throws away what it had sacked', () => {
    const scene = new Scene({ megabits: 20, roundTripMs: 40, loss: 0.01 })
    const flow = scene.flow(newControl)
    scene.time.runUntil(2_000)
    flow.mark()
    for (let at = 2_000; at < 4_000; at += 100) {
      scene.time.runUntil(at)
      flow.receiver.renege()
    }
    scene.time.runUntil(6_000)
    expect(flow.longestStallMs).toBeLessThan(600)
    expect(flow.rate).toBeGreaterThan(0)
  })

  it('bears segments that are late by a quarter of the round trip', () => {
    const scene = new Scene({ megabits: 100, roundTripMs: 40, late: 0.01, lateMs: 8 })
    const [rate] = scene.between(2_000, 5_000, scene.flow(newControl))
    expect(rate).toBeGreaterThan(85)
  })

  it('ends short streams soon, whichever segment is lost', () => {
    for (let seed = 0; seed < 100; seed++) {
      const scene = new Scene({ megabits: 50, roundTripMs: 40, loss: 0.05, ackLoss: 0.05, seed })
      const flow = scene.flow(newControl, { totalBytes: 30_000 })
      scene.time.runUntil(5_000)
      expect(flow.doneAtMs, `seed ${seed}`).toBeLessThan(900)
    }
  })
})

describe('BBR that could not send as it should', () => {
  it('takes no rate for the path’s at which its process slept while it grew', () => {
    for (let seed = 1; seed <= 5; seed++) {
      const scene = new Scene({ megabits: 300, roundTripMs: 50, seed })
      const flow = scene.flow(newBbr, { bufferWindows: SEND_AHEAD })
      for (let at = 150; at < 500; at += 110) scene.time.at(at, () => flow.sleep(80))
      expect(scene.between(1_500, 3_000, flow)[0], `seed ${seed}`).toBeGreaterThan(208)
    }
  })

  it('has enough written to go on behind what is sent again', () => {
    for (let seed = 1; seed <= 3; seed++) {
      const scene = new Scene({ megabits: 600, roundTripMs: 50, loss: 0.01, ackLoss: 0.01, seed })
      const flow = scene.flow(newBbr, { bufferWindows: SEND_AHEAD })
      expect(scene.between(1_000, 3_000, flow)[0], `seed ${seed}`).toBeGreaterThan(515)
    }
  })
})

describe('BBR on another path', () => {
  it('reaches 200 Mb/s at 20 ms within 300 ms from 100 Mb/s at 50 ms, and never falls below', () => {
    const scene = new Scene({ megabits: 100, roundTripMs: 50 })
    const flow = scene.flow()
    scene.time.runUntil(3_000)
    flow.turn(scene.linkOf({ megabits: 200, roundTripMs: 20 }))
    for (let at = 3_000; at < 3_300; at += 50) {
      const [rate] = scene.between(at, at + 50, flow)
      expect(rate, `at ${at} ms`).toBeGreaterThan(80)
    }
    const [rate] = scene.between(3_300, 4_000, flow)
    expect(rate).toBeGreaterThan(170)
  })

  it.each([
    [100, 50, 30],
    [100, 50, 50],
    [100, 50, 5],
    [20, 80, 20],
    [300, 40, 10],
  ])(
    'of the same %i Mb/s, %i ms, by a relay and then %i ms, dips by a tenth for a round trip at most',
    (megabits, relayedMs, directMs) => {
      const scene = new Scene({ megabits, roundTripMs: relayedMs })
      const flow = scene.flow()
      const [before] = scene.between(2_000, 4_000, flow)
      flow.turn(scene.linkOf({ megabits, roundTripMs: directMs }))
      const shares: number[] = []
      for (let at = 4_000; at < 5_000; at += relayedMs) {
        const [rate] = scene.between(at, at + relayedMs, flow)
        shares.push(rate! / before!)
      }
      expect(
        shares.filter(share => share < 0.9).length,
        shares.map(s => s.toFixed(2)).join(' '),
      ).toBeLessThanOrEqual(1)
    },
  )

  it('finds its place on a path of half the rate and twice the delay, the old one dead, within a second', () => {
    const scene = new Scene({ megabits: 100, roundTripMs: 50 })
    const flow = scene.flow()
    scene.time.runUntil(3_000)
    scene.link.isDown = true
    flow.turn(scene.linkOf({ megabits: 50, roundTripMs: 100 }))
    flow.mark()
    scene.time.runUntil(4_000)
    expect(flow.longestStallMs).toBeLessThan(500)
    const [rate] = scene.between(4_000, 5_000, flow)
    expect(rate).toBeGreaterThan(42)
  })

  it('counts nothing of the old path as lost', () => {
    const scene = new Scene({ megabits: 50, roundTripMs: 100 })
    const flow = scene.flow()
    scene.time.runUntil(3_000)
    const { lostBytes } = flow.sending.facts()
    flow.turn(scene.linkOf({ megabits: 1_000, roundTripMs: 10, bufferBdp: 10 }))
    scene.time.runUntil(3_150)
    expect(flow.sending.facts().lostBytes).toBe(lostBytes)
  })

  it('follows a rate that falls to a fifth, and one that grows tenfold', () => {
    const scene = new Scene({ megabits: 100, roundTripMs: 40 })
    const flow = scene.flow()
    scene.time.runUntil(2_000)
    scene.link.bytesPerMs /= 5
    scene.link.bufferBytes /= 5
    const [less] = scene.between(3_000, 5_000, flow)
    expect(less).toBeGreaterThan(17)
    scene.link.bytesPerMs *= 10
    scene.link.bufferBytes *= 10
    const [more] = scene.between(6_500, 7_500, flow)
    expect(more).toBeGreaterThan(170)
  })
})

describe('BBR with little to send', () => {
  it('learns from what it sends, and does not take it for what the path carries', () => {
    const scene = new Scene({ megabits: 100, roundTripMs: 40 })
    const flow = scene.flow(newBbr, { totalBytes: 0 })
    let totalBytes = 0
    const write = () => flow.write((totalBytes += 12_500))
    for (let at = 0; at < 4_000; at += 10) scene.time.at(at, write)
    scene.time.runUntil(4_000)
    // 10 Mb/s were written; bursts of 12.5 kB each 10 ms show up to a few times as much.
    expect(flow.sending.facts().phase).toBe('startup')
    expect(flow.sending.facts().timeouts).toBe(0)
    flow.write(Number.MAX_SAFE_INTEGER)
    const [rate] = scene.between(4_500, 5_500, flow)
    expect(rate).toBeGreaterThan(85)
  })
})
