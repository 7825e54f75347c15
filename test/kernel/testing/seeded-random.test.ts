/** Chance that repeats is still even. */
import { expect, test } from 'vitest'
import { SeededRandom } from '../../../src/kernel/testing/seeded-random.ts'

test('one seed, one sequence; another seed, another', () => {
  const draw = (seed: number) =>
    Array.from({ length: 20 }, (_, at) => at).map(() => new SeededRandom(seed).next())
  const sequence = (seed: number) => {
    const random = new SeededRandom(seed)
    return Array.from({ length: 20 }, () => random.next())
  }
  expect(sequence(1)).toEqual(sequence(1))
  expect(sequence(1)).not.toEqual(sequence(2))
  expect(new Set(draw(1)).size).toBe(1)
})

test('numbers fill [0, 1) evenly and bytes fill a byte', () => {
  const random = new SeededRandom(7)
  const tenths = new Array<number>(10).fill(0)
  for (let at = 0; at < 100_000; at += 1) tenths[Math.floor(random.next() * 10)]! += 1
  for (const count of tenths) expect(Math.abs(count - 10_000)).toBeLessThan(500)
  expect(new Set(random.bytes(10_000)).size).toBe(256)
})

test('a fork draws on its own', () => {
  const one = new SeededRandom(3)
  const two = new SeededRandom(3)
  one.fork().bytes(100)
  two.fork()
  expect(one.next()).toBe(two.next())
})
