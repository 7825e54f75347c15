/** When a loop counts as blocked. */
import { expect, test } from 'vitest'
import { Pulse } from '../../src/kernel/pulse.ts'

const lostAt = (beats: readonly number[]): readonly number[] => {
  const pulse = new Pulse(3)
  return beats.flatMap((beat, look) => (pulse.isLost(beat) ? [look] : []))
}

test('a pulse is lost when it stood still for so many looks, and that is said once', () => {
  expect(lostAt([1, 1, 1, 1, 1, 1, 1, 1])).toEqual([3])
})

test('every beat starts the count anew', () => {
  expect(lostAt([1, 1, 1, 2, 2, 2, 3, 3, 3])).toEqual([])
  expect(lostAt([1, 1, 1, 1, 2, 2, 2, 2])).toEqual([3, 7])
})

test('a count that wraps around is a beat too', () => {
  expect(lostAt([2 ** 31 - 1, 2 ** 31 - 1, 2 ** 31 - 1, -(2 ** 31), -(2 ** 31)])).toEqual([])
})
