/** Files that failed are left alone: each time twice as long, except for want of a path. */
import { expect, test } from 'vitest'
import type { EventId } from '../../../src/events/ids.ts'
import { ChatError } from '../../../src/kernel/api/index.ts'
import { SETBACK_FIRST_MS, SETBACK_MAX_MS } from '../../../src/plugins/files/limits.ts'
import { Setbacks } from '../../../src/plugins/files/setbacks.ts'

const ID = 'ab'.repeat(32) as EventId
const FULL = new ChatError('DISK_FULL', 'there is no space left')
const AWAY = new ChatError('PEER_UNREACHABLE', 'it does not answer')

let nowMs = 0
const setbacks = (): Setbacks => new Setbacks({ monotonicMs: () => nowMs })

/** How long it may not be tried. */
function pauseOf(here: Setbacks): number {
  const fromMs = nowMs
  while (!here.mayTry(ID)) nowMs += 1_000
  return nowMs - fromMs
}

test('pauses double up to an hour, and begin anew when somebody asked', () => {
  const here = setbacks()
  expect(pauseOf(here)).toBe(0)
  const pauses = Array.from({ length: 8 }, () => {
    here.add(ID, FULL)
    return pauseOf(here)
  })
  expect(pauses.slice(0, 3)).toEqual([1, 2, 4].map(times => times * SETBACK_FIRST_MS))
  expect(pauses.slice(-2)).toEqual([SETBACK_MAX_MS, SETBACK_MAX_MS])
  expect(here.of(ID)).toBe(FULL)
  here.forget(ID)
  expect(here.of(ID)).toBeUndefined()
  here.add(ID, FULL)
  expect(pauseOf(here)).toBe(SETBACK_FIRST_MS)
})

test('whoever was not there is asked as soon as they are; a full disk is no fuller for that', () => {
  const here = setbacks()
  here.add(ID, AWAY)
  expect(here.mayTry(ID)).toBe(false)
  here.parted(ID)
  expect(here.mayTry(ID)).toBe(true)
  expect(here.of(ID)).toBe(AWAY)
  here.add(ID, FULL)
  here.parted(ID)
  expect(here.mayTry(ID)).toBe(false)
})
