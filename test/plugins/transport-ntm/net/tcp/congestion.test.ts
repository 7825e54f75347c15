/**
 * The two congestion controls by single steps: what CUBIC makes of a loss (RFC 9438), and in which order BBR learns.
 */
import { describe, expect, it } from 'vitest'
import { newBbr } from '../../../../../src/plugins/transport-ntm/net/tcp/bbr.ts'
import { type AckNews, newAckNews } from '../../../../../src/plugins/transport-ntm/net/tcp/congestion.ts'
import { newCubic } from '../../../../../src/plugins/transport-ntm/net/tcp/cubic.ts'
import { Scene } from './support/scene.ts'

const MSS = 1_000
const OPTIONS = { mssBytes: MSS, nowMs: 0, random: () => 0.5 }

const news = (some: Partial<AckNews>): AckNews => ({ ...newAckNews(), rttMs: 50, ...some })

describe('CUBIC', () => {
  const grown = () => {
    const control = newCubic(OPTIONS)
    while (control.cwndBytes < 100 * MSS) {
      control.acked(news({ ackedBytes: MSS, priorInFlightBytes: control.cwndBytes }))
    }
    return control
  }

  it('begins with ten segments and doubles while they are used', () => {
    const control = newCubic(OPTIONS)
    expect(control.cwndBytes).toBe(10 * MSS)
    control.acked(news({ ackedBytes: 10 * MSS, priorInFlightBytes: 10 * MSS }))
    expect(control.cwndBytes).toBe(20 * MSS)
    control.acked(news({ ackedBytes: MSS, priorInFlightBytes: 2 * MSS }))
    expect(control.cwndBytes).toBe(20 * MSS)
  })

  it('keeps seven tenths after a loss, one segment after a timeout', () => {
    const control = grown()
    control.recovering(1_000, 0)
    expect(control.cwndBytes).toBe(70 * MSS)
    control.timedOut(2_000)
    expect(control.cwndBytes).toBe(MSS)
  })

  it('takes a loss back that was none', () => {
    const control = grown()
    control.recovering(1_000, 0)
    control.undo()
    expect(control.cwndBytes).toBe(100 * MSS)
  })

  it('is back at the old window after the cube root of the loss over C', () => {
    const control = grown()
    control.recovering(1_000, 0)
    // K = cbrt(30 / 0.4) = 4.2 s: nearly flat there, and beyond it grows again.
    const at = (seconds: number): number => {
      for (let nowMs = 1_000; nowMs < 1_000 + seconds * 1_000; nowMs += 200) {
        control.acked(
          news({
            nowMs,
            rttMs: 200,
            ackedBytes: control.cwndBytes,
            priorInFlightBytes: control.cwndBytes,
            isCwndLimited: true,
          }),
        )
      }
      return control.cwndBytes / MSS
    }
    expect(at(4.2)).toBeGreaterThan(95)
    expect(control.cwndBytes / MSS).toBeLessThan(106)
  })
})

describe('BBR', () => {
  it('starts fast, drains, then probes, and measures the round trip after ten seconds', () => {
    const scene = new Scene({ megabits: 20, roundTripMs: 40 })
    const flow = scene.flow()
    const phases: string[] = []
    for (let at = 0; at < 15_000; at += 5) {
      scene.time.runUntil(at)
      const { phase } = flow.sending.facts()
      if (phases.at(-1) !== phase) phases.push(phase)
    }
    expect(phases.slice(0, 5)).toEqual(['startup', 'drain', 'probe-bw', 'probe-rtt', 'probe-bw'])
  })

  it('knows the rate to 2 % and the round trip to 2 ms, whatever is lost', () => {
    for (const loss of [0, 0.01, 0.03]) {
      const scene = new Scene({ megabits: 50, roundTripMs: 40, loss, seed: 5 })
      const flow = scene.flow()
      const rates: number[] = []
      for (let at = 2_000; at < 4_000; at += 10) {
        scene.time.runUntil(at)
        rates.push(flow.sending.facts().pacingBytesPerMs)
      }
      const median = rates.sort((a, b) => a - b)[rates.length / 2]!
      const carried = (50 * 125 * 1_140) / (1_140 + 120)
      expect(median / carried).toBeGreaterThan(0.96)
      expect(median / carried).toBeLessThan(1.02)
      expect(flow.sending.facts().minRttMs).toBeLessThan(42)
    }
  })

  it('bounds what is in flight where the buffer holds next to nothing', () => {
    const scene = new Scene({ megabits: 50, roundTripMs: 40, bufferBdp: 0.1 })
    const flow = scene.flow()
    scene.time.runUntil(3_000)
    scene.link.forgetQueue()
    scene.between(3_000, 6_000, flow)
    expect(scene.link.dropped / (scene.link.dropped + scene.link.carried)).toBeLessThan(0.1)
  })

  /** 50 Mb/s at 40 ms, alone on it for two seconds. */
  const settled = () => {
    const scene = new Scene({ megabits: 50, roundTripMs: 40, seed: 7 })
    const flow = scene.flow()
    scene.time.runUntil(2_000)
    return { scene, flow, before: flow.sending.facts().cwndBytes }
  }

  it('bounds what is in flight where a third is lost, round trip after round trip', () => {
    const { scene, flow, before } = settled()
    scene.link.loss = 0.33
    scene.time.runUntil(3_000)
    expect(flow.sending.facts().cwndBytes).toBeLessThan(before / 2)
  })

  it('bounds nothing where a seventh is lost, or a third for two round trips only', () => {
    const { scene, flow, before } = settled()
    scene.link.loss = 0.14
    scene.time.runUntil(3_000)
    expect(flow.sending.facts().cwndBytes).toBeGreaterThan(0.75 * before)
    scene.link.loss = 0
    scene.time.runUntil(4_000)
    scene.link.loss = 0.33
    scene.time.runUntil(4_080)
    scene.link.loss = 0
    for (let at = 4_080; at < 4_400; at += 10) {
      scene.time.runUntil(at)
      expect(flow.sending.facts().cwndBytes).toBeGreaterThan(0.75 * before)
    }
  })

  it('lets the bound go where the loss has ended, by half in eight round trips', () => {
    const { scene, flow } = settled()
    scene.link.loss = 0.33
    scene.time.runUntil(4_000)
    const bound = flow.sending.facts().cwndBytes
    scene.link.loss = 0
    scene.time.runUntil(5_000)
    expect(flow.sending.facts().cwndBytes).toBeGreaterThan(1.4 * bound)
    const [rate] = scene.between(14_000, 16_000, flow)
    expect(rate).toBeGreaterThan(40)
  })

  it('keeps four segments in flight at least', () => {
    const control = newBbr(OPTIONS)
    control.timedOut(0)
    expect(control.cwndBytes).toBe(MSS)
    control.acked(news({ ackedBytes: 1 }))
    expect(control.cwndBytes).toBe(4 * MSS)
  })

  it('keeps the window that it had where the timeout was for nothing', () => {
    const control = newBbr(OPTIONS)
    control.timedOut(0)
    control.undo()
    expect(control.cwndBytes).toBe(10 * MSS)
  })
})
