/** Every way to stand to somebody, and what follows from it: the whole table. */
import { expect, test } from 'vitest'
import { type ContactState, standingOf } from '../../src/kernel/api/index.ts'

const TABLE: readonly (readonly [state: ContactState, disputed: boolean, heard: boolean, told: boolean])[] = [
  ['request', false, true, false],
  ['request', true, true, false],
  ['accepted', false, true, true],
  ['accepted', true, true, false],
  ['blocked', false, false, false],
  ['blocked', true, false, false],
]

test.each(TABLE)('%s, disputed %s: may be heard %s, told %s', (state, disputed, mayBeHeard, mayBeTold) => {
  expect(standingOf({ state, disputed })).toEqual({ mayBeHeard, mayBeTold })
})

test('a stranger may be heard, and is told nothing', () => {
  expect(standingOf(undefined)).toEqual({ mayBeHeard: true, mayBeTold: false })
})
