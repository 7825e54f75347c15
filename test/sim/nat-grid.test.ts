/**
 * NATs of every kind against each other, by seed: whoever can be reached directly is, all others talk over a relay,
 * and the first text does not wait for it. Both may begin at once.
 */
import { describe, expect, test } from 'vitest'
import type { NatKind } from '../../src/kernel/testing/nat-kinds.ts'
import { neighbourhood } from '../support/neighbourhood.ts'
import { say, transportOf } from '../support/ntm-world.ts'
import { keptIfRed, seedsOf } from './support/seeds.ts'

const SUITE = 'nat-grid'
const SEEDS = 500

type Kind = NatKind | 'public'
const EASY: readonly Kind[] = [
  ...(['public', 'fullCone', 'addressRestricted'] as const),
  ...(['home', 'portChanging', 'masquerade', 'poisonable'] as const),
]
const HARD: readonly Kind[] = ['symmetric', 'addressDependent', 'sequential', 'block']
const KINDS = [...EASY, ...HARD]
const PAIRS = KINDS.flatMap(alice => KINDS.map(bob => ({ alice, bob })))

const isDirectPossible = (alice: Kind, bob: Kind): boolean => !HARD.includes(alice) || !HARD.includes(bob)

/** Time in which a direct path is found, also where it takes many guesses and a second attempt. */
const DIRECT_WITHIN_MS = 12_000
const LOOK_MS = 250
/** Two attempts one after the other, of 1,200 guesses at most: a home router has room for more. */
const MAPPINGS_MAX = 2_500

async function meet(seed: number, { alice: a, bob: b }: { alice: Kind; bob: Kind }): Promise<void> {
  const { world, alice, bob } = await neighbourhood({
    seed,
    alice: { nat: a, latencyMs: 5 + (seed % 7) * 10 },
    bob: { nat: b, latencyMs: 5 + (seed % 5) * 20 },
    relayLatenciesMs: [5, 15],
    faults: { loss: seed % 4 === 0 ? 0.02 : 0 },
  })
  const both = seed % 3 === 0
  const texts = [say(world, alice.home, bob.home, 'hello')]
  if (both) {
    await world.run((seed % 2) * 200)
    texts.push(say(world, bob.home, alice.home, 'hello yourself'))
  }
  for (const text of texts) expect(await text).toMatchObject({ state: 'delivered' })
  const paths = () => [alice, bob].map(({ home }) => transportOf(home).links()[0]?.path)
  const wanted = isDirectPossible(a, b) ? 'direct' : 'relay'
  const deadlineMs = world.clock.monotonicMs() + DIRECT_WITHIN_MS
  while (world.clock.monotonicMs() < deadlineMs && paths().some(path => path !== wanted)) {
    await world.run(LOOK_MS)
    // People who talk keep the search alive.
    if (world.clock.monotonicMs() % 2_000 < LOOK_MS) await say(world, alice.home, bob.home, 'still there')
  }
  expect(paths()).toEqual([wanted, wanted])
  for (const { line } of [alice, bob]) expect(line.nat?.peak ?? 0).toBeLessThan(MAPPINGS_MAX)
  await world.end()
}

describe('two people behind NATs', () => {
  test.each(seedsOf(SUITE, SEEDS))('seed %i', async seed => {
    const pair = PAIRS[seed % PAIRS.length]!
    await keptIfRed(SUITE, seed, () => meet(seed, pair))
  })
})
