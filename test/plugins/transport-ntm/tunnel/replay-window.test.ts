/** The replay window against a model that simply remembers everything. */

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ReplayWindow } from '../../../../src/plugins/transport-ntm/tunnel/replay-window.ts'
import { fuzzRuns } from '../../../support/fuzz.ts'

class RememberedAll {
  readonly #size: number
  readonly #seen = new Set<number>()
  #greatest = -1

  constructor(size: number) {
    this.#size = size
  }

  admits(counter: number): boolean {
    return counter > this.#greatest - this.#size && !this.#seen.has(counter)
  }

  accept(counter: number): void {
    this.#seen.add(counter)
    this.#greatest = Math.max(this.#greatest, counter)
  }

  near(offset: number): number {
    return Math.max(0, this.#greatest + offset)
  }
}

/** Offsets from the greatest counter so far: mostly near, sometimes at the window's edge, sometimes far. */
const offsets = (size: number): fc.Arbitrary<number> =>
  fc.oneof(
    { weight: 8, arbitrary: fc.integer({ min: -40, max: 40 }) },
    { weight: 3, arbitrary: fc.integer({ min: -size - 40, max: -size + 40 }) },
    { weight: 2, arbitrary: fc.integer({ min: -size, max: size }) },
    { weight: 1, arbitrary: fc.integer({ min: size - 40, max: 3 * size }) },
  )

describe('replay window', () => {
  it.each([64, 2_048, 16_384])('of %i counters agrees with a model that forgets nothing', size => {
    const history = fc.array(offsets(size), { minLength: 1, maxLength: 400 })
    fc.assert(
      fc.property(history, fc.constantFrom(0, 1_000, 2 ** 32 - 20, 2 ** 53 - 2 ** 17), (steps, start) => {
        const window = new ReplayWindow(size)
        const model = new RememberedAll(size)
        for (const counter of [start]) {
          window.accept(counter)
          model.accept(counter)
        }
        for (const offset of steps) {
          const counter = model.near(offset)
          if (counter > Number.MAX_SAFE_INTEGER) return
          expect(window.admits(counter)).toBe(model.admits(counter))
          if (!window.admits(counter)) continue
          window.accept(counter)
          model.accept(counter)
        }
      }),
      { numRuns: fuzzRuns(300) },
    )
  })

  it('accepts each of the newest counters exactly once in any order', () => {
    const window = new ReplayWindow(2_048)
    window.accept(5_000)
    for (let counter = 5_000 - 2_047; counter < 5_000; counter++) {
      expect(window.admits(counter)).toBe(true)
      window.accept(counter)
      expect(window.admits(counter)).toBe(false)
    }
    expect(window.admits(5_000 - 2_048)).toBe(false)
    expect(window.greatest).toBe(5_000)
  })

  it('forgets what it knew when it leaps further than its size', () => {
    const window = new ReplayWindow(64)
    for (let counter = 0; counter < 64; counter++) window.accept(counter)
    window.accept(10_000)
    for (let counter = 10_000 - 63; counter < 10_000; counter++) expect(window.admits(counter)).toBe(true)
  })
})
