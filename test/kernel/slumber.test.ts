/** A sleep is told by the clocks, whichever of them went on meanwhile; ordinary pauses and clocks set back are none. */
import { describe, expect, test } from 'vitest'
import { SLEPT_MS, Slumber } from '../../src/kernel/slumber.ts'

function watched() {
  const time = { wallMs: 1_700_000_000_000, monotonicMs: 5_000 }
  const slumber = new Slumber({ now: () => time.wallMs, monotonicMs: () => time.monotonicMs })
  const pass = (wallMs: number, monotonicMs: number): boolean => {
    time.wallMs += wallMs
    time.monotonicMs += monotonicMs
    return slumber.hasSlept()
  }
  return { pass }
}

describe('a machine has slept', () => {
  test.each([
    ['when its wall clock is ahead of the other', 60_000, 200],
    ['when a look comes far too late by both', 60_000, 60_000],
  ])('%s, and is told so once', (_, wallMs, monotonicMs) => {
    const { pass } = watched()
    expect([pass(200, 200), pass(wallMs, monotonicMs), pass(200, 200)]).toEqual([false, true, false])
  })

  test.each([
    ['a look that comes a little late', SLEPT_MS, SLEPT_MS],
    ['a wall clock that is set back', -3_600_000, 200],
  ])('and not after %s', (_, wallMs, monotonicMs) => {
    const { pass } = watched()
    expect([pass(wallMs, monotonicMs), pass(200, 200)]).toEqual([false, false])
  })
})
