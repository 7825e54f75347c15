/** Guessing at ports: in the order that finds soonest, none twice, bounded, at a pace, and no longer than needed. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { SeededRandom } from '../../../../src/kernel/testing/seeded-random.ts'
import { VirtualClock } from '../../../../src/kernel/testing/virtual-clock.ts'
import { guessPorts, portsToGuess } from '../../../../src/plugins/transport-ntm/path/guesses.ts'
import { GUESSES_MAX, PORTS_COUNTED } from '../../../../src/plugins/transport-ntm/path/limits.ts'
import { ANY_PORT, type PortSpan } from '../../../../src/plugins/transport-ntm/path/port-model.ts'

const chance = (seed = 1) => {
  const random = new SeededRandom(seed)
  return () => random.next()
}
const guessed = (span: PortSpan, seed?: number) => [...portsToGuess(span, chance(seed))]

describe('the ports to guess', () => {
  test('of a NAT that counts come in its order', () => {
    expect(guessed({ first: 5_000, step: 2, count: 4 })).toEqual([5_000, 5_002, 5_004, 5_006])
    expect(guessed({ first: 5_000, step: 1, count: PORTS_COUNTED })).toEqual(
      Array.from({ length: PORTS_COUNTED }, (_, at) => 5_000 + at),
    )
  })

  test('of a block are all of it, in random order', () => {
    const ports = guessed({ first: 2_000, step: 1, count: 500 })
    expect(ports).not.toEqual(ports.toSorted((a, b) => a - b))
    expect(ports.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 500 }, (_, at) => 2_000 + at))
    expect(guessed({ first: 2_000, step: 1, count: 500 }, 2)).not.toEqual(ports)
  })

  test('are bounded, of all parts of what is anything', () => {
    const ports = guessed(ANY_PORT)
    expect(ports).toHaveLength(GUESSES_MAX)
    for (const from of [1_024, 20_000, 40_000]) {
      const there = ports.filter(port => port >= from && port < from + 20_000).length
      expect(there / GUESSES_MAX).toBeCloseTo(20_000 / ANY_PORT.count, 1)
    }
  })

  test('are ports, and none twice, whatever a peer says', () => {
    const number = fc.integer({ min: 1, max: 0xffff })
    fc.assert(
      fc.property(number, number, number, (first, step, count) => {
        const ports = guessed({ first, step, count })
        expect(ports.length).toBeLessThanOrEqual(GUESSES_MAX)
        expect(new Set(ports).size).toBe(ports.length)
        for (const port of ports) expect(port >= first && port <= 0xffff).toBe(true)
      }),
    )
  })
})

const guessing = (span: PortSpan, hit?: number) => {
  const clock = new VirtualClock()
  const ports: number[] = []
  let over = 0
  const stop = guessPorts(span, {
    ...{ clock, random: chance(), guess: port => ports.push(port) },
    isFound: () => hit !== undefined && ports.includes(hit),
    onOver: () => {
      over += 1
    },
  })
  const run = (ms: number): void => {
    const untilMs = clock.monotonicMs() + ms
    while (clock.step(untilMs));
  }
  return { ports, run, stop, clock, over: () => over }
}

describe('guessing', () => {
  test('goes on at a thousand a second, and waits a second for the last answers', () => {
    const { ports, run, over } = guessing(ANY_PORT)
    expect(ports).toHaveLength(10)
    run(495)
    expect(ports).toHaveLength(500)
    run(GUESSES_MAX - 495)
    expect([ports.length, over()]).toEqual([GUESSES_MAX, 0])
    run(1_000)
    expect(over()).toBe(1)
    run(60_000)
    expect([ports.length, over()]).toEqual([GUESSES_MAX, 1])
  })

  test('ends when something is found', () => {
    const { ports, run, over } = guessing({ first: 5_000, step: 2, count: 100 }, 5_048)
    run(60_000)
    expect([ports.at(-1), over()]).toEqual([5_048, 1])
  })

  test('ends without a word when it is stopped', () => {
    const { ports, run, stop, clock, over } = guessing(ANY_PORT)
    stop()
    run(60_000)
    expect([ports.length, over(), clock.nextAtMs()]).toEqual([10, 0, undefined])
  })
})
