/** What a new session of a peer's making says of the ways that led to it before: the old place may be nobody's any more. */
import { describe, expect, test } from 'vitest'
import { direct, ONE, OTHER, RELAY, RTT_MS } from './bench.ts'

describe('a new session that came by another way than the one in use', () => {
  test('by a relay: that carries at once, and what was direct has to answer anew', () => {
    const bench = direct()
    bench.answering.delete(ONE)
    const asked = bench.pingsTo(ONE)
    bench.paths.established(ONE, bench.nowMs, RELAY)
    expect(bench.used?.active).toBe(RELAY)
    expect(bench.pingsTo(ONE)).toBe(asked + 1)
    expect(bench.paths.isDirectAndAnswering).toBe(false)
  })

  test('is no loss where the path in use still answers', () => {
    const bench = direct()
    bench.paths.established(ONE, bench.nowMs, RELAY)
    bench.run(2 * RTT_MS)
    expect(bench.used).toEqual({ active: ONE, also: [] })
  })

  test('has harder ways tried as soon as ordinary probes have had their chance', () => {
    const bench = direct()
    bench.answering.delete(ONE)
    const { tryHarder } = bench.count
    bench.paths.established(ONE, bench.nowMs, RELAY)
    bench.run(300, true)
    expect(bench.count.tryHarder).toBe(tryHarder + 1)
  })

  test('directly: the other place is used when it has answered, and proves nothing of the old one', () => {
    const bench = direct()
    bench.answering.delete(ONE)
    bench.answering.add(OTHER)
    bench.paths.heardFrom(OTHER, 148, bench.nowMs)
    bench.paths.established(ONE, bench.nowMs, OTHER)
    expect(bench.used).toEqual({ active: ONE, also: [RELAY] })
    bench.run(RTT_MS + 5)
    expect(bench.used?.active.address).toBe(OTHER.address)
  })
})
