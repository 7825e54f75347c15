/** Offsets go over the wire and come back, also far beyond 2^32. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { isBefore, offsetOf, wireOf } from '../../../../../src/plugins/transport-ntm/net/tcp/sequence.ts'

const u32 = fc.integer({ min: 0, max: 0xffffffff })

it('an offset that is less than 2 GiB from what is expected comes back as it was', () => {
  const near = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })
  const expected = fc.integer({ min: 2 ** 31, max: 2 ** 52 })
  fc.assert(
    fc.property(u32, expected, near, (initial, at, apart) => {
      const wire = wireOf(initial, at + apart)
      expect(Number.isInteger(wire) && wire >= 0 && wire <= 0xffffffff).toBe(true)
      expect(offsetOf(initial, at, wire)).toBe(at + apart)
    }),
  )
})

it('what wraps around comes after what it wrapped from', () => {
  expect(isBefore(0xffffffff, 0)).toBe(true)
  expect(isBefore(0, 0xffffffff)).toBe(false)
  expect(isBefore(7, 7)).toBe(false)
})
