/** When whoever sends is told that what was under way may be lost: a second way, another way, or the same one again. */
import { describe, expect, test } from 'vitest'
import {
  KEPT_OPEN_HEARTBEAT_MS,
  PATH_GIVEN_UP_AFTER_MS,
  WARM_MS,
} from '../../../../src/plugins/transport-ntm/path/limits.ts'
import { Bench, ONE, RELAY } from './bench.ts'

const relayed = (): Bench => {
  const bench = new Bench()
  bench.paths.learn([RELAY], 'relay')
  bench.answering.add(RELAY)
  bench.paths.established(RELAY, bench.nowMs)
  bench.run(1_000, true)
  return bench
}
const direct = (): Bench => {
  const bench = relayed()
  bench.paths.learn([ONE], 'announced')
  bench.answering.add(ONE)
  bench.paths.begin(bench.nowMs)
  bench.run(1_000, true)
  return bench
}

describe('whoever sends hears of a turn', () => {
  test('not while all is well, and not when a better path is found', () => {
    const bench = direct()
    expect(bench.used?.active).toBe(ONE)
    bench.run(30_000, true)
    expect(bench.count.turned).toBe(0)
  })

  test('when a relay carries as well, because an answer is late', () => {
    const bench = direct()
    bench.answering.delete(ONE)
    bench.run(1_000, true)
    expect(bench.used).toEqual({ active: ONE, also: [RELAY] })
    expect(bench.count.turned).toBe(1)
  })

  test('when the only path answers again, as soon as it does', () => {
    const bench = relayed()
    bench.answering.delete(RELAY)
    bench.run(20_000, true)
    const before = bench.count.turned
    bench.answering.add(RELAY)
    bench.run(1_100, true)
    expect(bench.count.turned).toBe(before + 1)
  })

  test('when a relay takes over for good', () => {
    const bench = direct()
    bench.answering.delete(ONE)
    bench.run(1_000, true)
    bench.run(PATH_GIVEN_UP_AFTER_MS, true)
    expect(bench.used?.active).toBe(RELAY)
    expect(bench.count.turned).toBe(2)
  })
})

describe('a path that is kept open', () => {
  test('is asked now and then though nobody talks, in a session that can be sent by', () => {
    const bench = relayed()
    bench.run(2 * WARM_MS)
    const [pings, sessions] = [bench.pings.length, bench.count.keepSession]
    bench.run(10 * KEPT_OPEN_HEARTBEAT_MS)
    expect(bench.pings.length).toBe(pings)
    bench.paths.keepOpen(true, bench.nowMs)
    bench.run(10 * KEPT_OPEN_HEARTBEAT_MS)
    expect(bench.pings.length - pings).toBeGreaterThanOrEqual(9)
    expect(bench.pings.length - pings).toBeLessThanOrEqual(11)
    expect(bench.count.keepSession - sessions).toBe(bench.pings.length - pings)
    bench.paths.keepOpen(false, bench.nowMs)
    const kept = bench.pings.length
    bench.run(10 * KEPT_OPEN_HEARTBEAT_MS)
    expect(bench.pings.length).toBe(kept)
  })

  test.each([
    ['elsewhere', 'announced', false, true],
    ['that the link has shown', 'nearby', false, false],
    ['that is on the link by its address', 'announced', true, false],
  ] as const)('to a place %s: %s, %s: it is asked: %s', (_, origin, isNear, isAsked) => {
    const bench = new Bench()
    if (isNear) bench.near.add(ONE!.address)
    bench.answering.add(ONE!)
    bench.paths.learn([ONE!], origin)
    bench.paths.established(ONE!, bench.nowMs)
    bench.run(2 * WARM_MS)
    bench.paths.keepOpen(true, bench.nowMs)
    const before = bench.pings.length
    bench.run(10 * KEPT_OPEN_HEARTBEAT_MS)
    expect(bench.pings.length > before).toBe(isAsked)
  })
})
