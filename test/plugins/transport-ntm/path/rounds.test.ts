/** When a round probes: densely and then ever thinner, again and again while there is only a relay, and not for ever. */
import { describe, expect, test } from 'vitest'
import { PROBE_OFFSETS_MS } from '../../../../src/plugins/transport-ntm/path/limits.ts'
import { Rounds } from '../../../../src/plugins/transport-ntm/path/rounds.ts'

const NEVER = Number.POSITIVE_INFINITY
const EVEN = () => 0.5

/** Wakes it whenever it is due, until then; the times of its probes. */
const probes = (rounds: Rounds, untilMs: number): number[] => {
  const times: number[] = []
  for (let nowMs = rounds.dueMs; nowMs <= untilMs; nowMs = rounds.dueMs) {
    while (rounds.take(nowMs) !== undefined) times.push(nowMs)
    rounds.takeHarder(nowMs)
  }
  return times
}

describe('a round', () => {
  test('is not due before it is started', () => {
    const rounds = new Rounds()
    expect([rounds.dueMs, rounds.take(0), rounds.takeHarder(0)]).toEqual([NEVER, undefined, false])
  })

  test('probes at its times, and is over', () => {
    const rounds = new Rounds()
    rounds.start(1_000)
    expect(rounds.startedMs).toBe(1_000)
    expect(probes(rounds, 100_000)).toEqual(PROBE_OFFSETS_MS.map(offsetMs => 1_000 + offsetMs))
    expect(rounds.dueMs).toBe(NEVER)
  })

  test('numbers its probes, and makes up for those that are late', () => {
    const rounds = new Rounds()
    rounds.start(0)
    expect([rounds.take(0), rounds.take(29)]).toEqual([0, undefined])
    expect([rounds.take(100), rounds.take(100), rounds.take(100)]).toEqual([1, 2, undefined])
  })

  test('gives way to harder means once, after 250 ms', () => {
    const rounds = new Rounds()
    rounds.start(0)
    for (const at of [0, 30, 90, 210]) rounds.take(at)
    expect(rounds.dueMs).toBe(250)
    expect([249, 250, 251].map(at => rounds.takeHarder(at))).toEqual([false, true, false])
    expect(rounds.dueMs).toBe(450)
  })

  test('is not begun anew in its dense beginning, unless it has to be', () => {
    const rounds = new Rounds()
    rounds.start(0)
    rounds.take(0)
    rounds.start(249)
    expect(rounds.startedMs).toBe(0)
    rounds.start(250)
    expect([rounds.startedMs, rounds.take(250)]).toEqual([250, 0])
    rounds.restart(251)
    expect([rounds.startedMs, rounds.take(251)]).toEqual([251, 0])
  })

  test('ends when enough is known', () => {
    const rounds = new Rounds()
    rounds.start(0)
    rounds.finish()
    expect([rounds.dueMs, rounds.take(5_000), rounds.takeHarder(5_000)]).toEqual([NEVER, undefined, false])
  })
})

describe('rounds over a relay', () => {
  const relayed: readonly (readonly [relayedForMs: number, pauseMs: number])[] = [
    [0, 5_000],
    [59_999, 5_000],
    [60_000, 15_000],
    [299_999, 15_000],
    [300_000, 60_000],
    [1_800_000, 300_000],
    [NEVER, 300_000],
  ]
  test.each(relayed)('after %d ms come every %d ms', (relayedForMs, pauseMs) => {
    const rounds = new Rounds()
    rounds.start(0)
    probes(rounds, 4_000)
    rounds.again(relayedForMs, 0, EVEN)
    expect(rounds.dueMs).toBe(pauseMs)
    expect(probes(rounds, pauseMs)).toEqual([pauseMs])
    expect(rounds.startedMs).toBe(pauseMs)
  })

  test('come more rarely where nobody answers', () => {
    const rounds = new Rounds()
    rounds.start(0)
    probes(rounds, 4_000)
    rounds.again(0, 20_000, EVEN)
    expect(rounds.dueMs).toBe(20_000)
  })

  test('come a tenth sooner or later, so that two sides do not stay in step', () => {
    const dues = [0, 0.999_999].map(chance => {
      const rounds = new Rounds()
      rounds.start(0)
      probes(rounds, 4_000)
      rounds.again(0, 0, () => chance)
      return Math.round(rounds.dueMs)
    })
    expect(dues).toEqual([4_500, 5_500])
  })

  test('are planned once, not in the middle of one, and no more when it rests', () => {
    const rounds = new Rounds()
    rounds.start(0)
    rounds.again(0, 0, EVEN)
    expect(probes(rounds, 100_000)).toHaveLength(PROBE_OFFSETS_MS.length)
    rounds.again(0, 0, EVEN)
    rounds.again(NEVER, 0, EVEN)
    expect(rounds.dueMs).toBe(5_000)
    rounds.rest()
    expect(rounds.dueMs).toBe(NEVER)
  })
})
