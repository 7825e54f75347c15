/** A peer that speaks from another place, which has answered, is sent to there long before the old one is missed. */
import { expect, test } from 'vitest'
import { type Bench, direct, ONE, OTHER, RTT_MS } from './bench.ts'

/** The peer speaks from another place from now on. */
const heardElsewhere = (bench: Bench): void => {
  bench.paths.heardFrom(OTHER, 100, bench.nowMs)
  bench.answering.add(bench.paths.all.find(({ endpoint }) => endpoint.address === OTHER.address)!.endpoint)
}

test('is followed after two round trips', () => {
  const bench = direct()
  bench.answering.delete(ONE)
  heardElsewhere(bench)
  bench.run(RTT_MS, true)
  expect(bench.used?.active).toEqual(ONE)
  bench.run(1.5 * RTT_MS, true)
  expect(bench.used).toMatchObject({ active: OTHER, also: [] })
  expect(bench.count.turned).toBe(1)
  expect(bench.paths.cause).toEqual({ kind: 'replaced' })
})

test('is not followed while it speaks from the old place as well', () => {
  const bench = direct()
  bench.answering.delete(ONE)
  heardElsewhere(bench)
  bench.nowMs += 5
  bench.traffic.heardHereMs = bench.nowMs
  bench.run(3 * RTT_MS, true)
  expect(bench.used?.active).toEqual(ONE)
})

test('is not followed to a place that does not answer, nor away from one that does', () => {
  const silent = direct()
  silent.answering.delete(ONE)
  silent.paths.heardFrom(OTHER, 100, silent.nowMs)
  silent.run(3 * RTT_MS, true)
  expect(silent.used?.active).toEqual(ONE)
  const both = direct()
  heardElsewhere(both)
  both.run(3 * RTT_MS, true)
  expect(both.used?.active).toEqual(ONE)
})
