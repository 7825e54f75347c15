/** The machine's chance: nothing repeats, and numbers are even. */
import { expect, test } from 'vitest'
import { systemRandom } from '../../src/kernel/random.ts'

test('no two draws are alike, whatever their length', () => {
  for (const length of [16, 24, 32, 64]) {
    const drawn = Array.from({ length: 2_000 }, () => Buffer.from(systemRandom.bytes(length)).toString('hex'))
    expect(new Set(drawn).size).toBe(2_000)
    expect(drawn[0]).toHaveLength(2 * length)
  }
})

test('numbers fill [0, 1) evenly', () => {
  const tenths = new Array<number>(10).fill(0)
  for (let at = 0; at < 100_000; at += 1) tenths[Math.floor(systemRandom.next() * 10)]! += 1
  for (const count of tenths) expect(Math.abs(count - 10_000)).toBeLessThan(600)
})
