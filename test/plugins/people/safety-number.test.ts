/** The safety number: the same from both sides, sixty digits, another one for anybody else. */
import { expect, it } from 'vitest'
import type { PersonId } from '../../../src/events/ids.ts'
import { isSameNumber, safetyNumber } from '../../../src/plugins/people/safety-number.ts'

const [ALICE, BOB, EVE] = ['a', 'b', 'e'].map(letter => letter.repeat(64) as PersonId) as [
  PersonId,
  PersonId,
  PersonId,
]

it('is the same from both sides and has twelve groups of five digits', () => {
  expect(safetyNumber(ALICE, BOB)).toBe(safetyNumber(BOB, ALICE))
  expect(safetyNumber(ALICE, BOB)).toMatch(/^\d{5}( \d{5}){11}$/)
  expect(safetyNumber(ALICE, EVE)).not.toBe(safetyNumber(ALICE, BOB))
})

it('is recognised however it is spaced, and by nothing less than all digits', () => {
  const number = safetyNumber(ALICE, BOB)
  expect(isSameNumber(number.replaceAll(' ', ''), number)).toBe(true)
  expect(isSameNumber(number.replaceAll(' ', '-'), number)).toBe(true)
  expect(isSameNumber(number.slice(0, -1), number)).toBe(false)
  expect(isSameNumber('', number)).toBe(false)
})
