/**
 * The delay line delays, loses, thins and reorders what it was asked to, no more and no less: figures of paths
 * would otherwise be figures of the line. Quartiles, shares and lower bounds are judged, which a busy machine does not move.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { tellLeftOut, whyNoDelayLine } from '../machine.ts'
import { type Trip, tripsFrom } from '../nat/probing.ts'
import { profile } from '../nat/profiles.ts'
import { withCore } from '../topology/core.ts'
import { Namespaces } from '../topology/namespaces.ts'
import { sideOf } from '../topology/side.ts'
import { DelayLine, type Line } from './delay-line.ts'

const reason = tellLeftOut('delay line', whyNoDelayLine())

/** The slowest of the fastest quarter: what the line does, whatever else the machine does meanwhile. */
const usual = (trips: readonly Trip[]): number =>
  trips.map(({ ms }) => ms).sort((one, other) => one - other)[Math.floor(trips.length / 4)]!
const shuffled = (trips: readonly Trip[]): number =>
  trips.filter(({ n }, at) => at > 0 && n < trips[at - 1]!.n).length

describe.skipIf(reason !== undefined)('a delay line', () => {
  let namespaces: Namespaces
  let line: DelayLine | undefined

  beforeEach(async () => {
    namespaces = await Namespaces.build(withCore(sideOf('a', profile('home'))))
  })
  afterEach(async () => {
    await line?.close()
    line = undefined
    await namespaces.close()
  })

  const trips = async (how: Line, count = 100, intervalMs = 5): Promise<readonly Trip[]> => {
    line = await DelayLine.at(namespaces, 'a', how)
    return tripsFrom(namespaces, 'a', { count, intervalMs, waitMs: 400 })
  }

  it('of 25 ms makes round trips of 50 ms, in order and without loss', async () => {
    const came = await trips({ latencyMs: 25 })
    expect(came).toHaveLength(100)
    expect(usual(came)).toBeGreaterThanOrEqual(50)
    expect(usual(came)).toBeLessThan(53)
    expect(shuffled(came)).toBe(0)
  })

  it('carries IPv6 as well', async () => {
    await namespaces.close()
    namespaces = await Namespaces.build(withCore(sideOf('a', profile('IPv6 firewall'))))
    line = await DelayLine.at(namespaces, 'a', { latencyMs: 10 })
    const came = await tripsFrom(namespaces, 'a', { count: 50, intervalMs: 5, waitMs: 200 }, 'ipv6')
    expect(came).toHaveLength(50)
    expect(usual(came)).toBeGreaterThanOrEqual(20)
    expect(usual(came)).toBeLessThan(23)
  })

  it('of no latency at all costs next to nothing', async () => {
    expect(usual(await trips({}))).toBeLessThan(3)
  })

  it('loses the share that was asked for, each way', async () => {
    const came = await trips({ lossPercent: 10 }, 2_000, 0.5)
    // 0.9 × 0.9 come back; three standard deviations are 2.6 %.
    expect(came.length / 2_000).toBeGreaterThan(0.78)
    expect(came.length / 2_000).toBeLessThan(0.84)
  })

  it('with jitter spreads round trips evenly and keeps their order', async () => {
    const came = await trips({ latencyMs: 10, jitterMs: 10 }, 100, 20)
    const times = came.map(({ ms }) => ms)
    expect(Math.min(...times)).toBeGreaterThanOrEqual(20)
    expect(Math.min(...times)).toBeLessThan(27)
    expect(Math.max(...times)).toBeGreaterThan(33)
    expect(shuffled(came)).toBe(0)
  })

  it('lets packets pass the ones that it holds back', async () => {
    const came = await trips({ latencyMs: 5, reorderPercent: 10, reorderMs: 30 }, 500, 2)
    expect(came).toHaveLength(500)
    expect(shuffled(came)).toBeGreaterThan(30)
    expect(shuffled(came)).toBeLessThan(200)
  })

  it('of a thin link lets through what fits', async () => {
    // An answer of some 100 bytes takes 0.8 ms at 1,000 kbit/s, and a queue of 0.25 s holds some 300 of them.
    const few = await trips({ rateKbit: 1_000 }, 50, 0)
    expect(few).toHaveLength(50)
    expect(few.at(-1)!.ms).toBeGreaterThan(30)
    const many = await tripsFrom(namespaces, 'a', { count: 2_000, intervalMs: 0, waitMs: 1_000 })
    expect(many.length).toBeGreaterThan(100)
    expect(many.length).toBeLessThan(1_000)
  })
})
