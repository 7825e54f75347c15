/**
 * Two people who have just met, one behind a NAT that gives every flow another port, meet again because one of them has
 * started anew: the other one still means the path of before. And whoever starts anew from another port is registered at
 * once, for the coordinator need not believe in the old place any longer than it takes to ask.
 */
import { describe, expect, test } from 'vitest'
import type { SimHome } from '../../src/kernel/testing/sim-home.ts'
import { neighbourhood } from '../support/neighbourhood.ts'
import { registered, say, transportOf } from '../support/ntm-world.ts'

const RELAY_LATENCIES_MS = [5, 15] as const
const RUNS = 12
/** As it is asked for. */
const SHARE = 0.95
const MEDIAN_MS = 1_000
const WITHIN_MS = 12_000

const pathOf = (home: SimHome) => transportOf(home).links()[0]?.path

type Hood = Awaited<ReturnType<typeof neighbourhood>>

async function met(seed: number): Promise<Hood> {
  const nats = seed % 2 === 0 ? (['home', 'symmetric'] as const) : (['symmetric', 'home'] as const)
  const hood = await neighbourhood({
    seed,
    alice: { nat: nats[0], latencyMs: 5 + (seed % 3) * 5 },
    bob: { nat: nats[1], latencyMs: 5 + (seed % 4) * 5 },
    relayLatenciesMs: RELAY_LATENCIES_MS,
  })
  const { world, alice, bob } = hood
  await say(world, alice.home, bob.home, 'hello')
  await world.untilTrue(() => pathOf(alice.home) === 'direct' && pathOf(bob.home) === 'direct')
  await world.run(1_500)
  return hood
}

/** How long after its start the one who is new has a direct path; undefined: not in time. */
async function again(seed: number, anew: 'alice' | 'bob'): Promise<number | undefined> {
  const hood = await met(seed)
  const { world, alice, bob } = hood
  const { home, line } = hood[anew]
  await world.until(home.stop())
  line.nat!.rebind()
  await world.run(300)
  await world.restart(home)
  const fromMs = world.clock.monotonicMs()
  const saying = say(world, alice.home, bob.home, 'once more')
  while (pathOf(home) !== 'direct' && world.clock.monotonicMs() - fromMs < WITHIN_MS) await world.run(20)
  const tookMs = world.clock.monotonicMs() - fromMs
  expect(await saying).toMatchObject({ state: 'delivered' })
  await world.end()
  return tookMs < WITHIN_MS ? tookMs : undefined
}

describe('who met by guesses meets again', () => {
  test.each(['alice', 'bob'] as const)('when %s starts anew', async anew => {
    const took: (number | undefined)[] = []
    for (let seed = 1; seed <= RUNS; seed += 1) took.push(await again(seed, anew))
    const direct = took.filter(ms => ms !== undefined).sort((a, b) => a - b)
    expect(direct.length, `${took}`).toBeGreaterThanOrEqual(Math.floor(SHARE * RUNS))
    expect(direct[Math.floor(direct.length / 2)], `${took}`).toBeLessThanOrEqual(MEDIAN_MS)
  })
})

test.each([1, 2, 3])(
  'who starts anew from another port is registered after two or three round trips (seed %i)',
  async seed => {
    const { world, bob } = await met(seed)
    const rttMs = 2 * (5 + (seed % 4) * 5 + 5)
    await world.until(bob.home.stop())
    bob.line.nat!.rebind()
    await world.run(300)
    await world.restart(bob.home)
    const fromMs = world.clock.monotonicMs()
    await registered(world, bob.home)
    expect(world.clock.monotonicMs() - fromMs).toBeLessThanOrEqual(3 * rttMs + 100)
    await world.end()
  },
)
