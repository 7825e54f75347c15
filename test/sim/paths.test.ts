/** Paths between NATs of every kind, in virtual time: who gets through directly, and what moving does. */
import { expect, test } from 'vitest'
import { neighbourhood } from '../support/neighbourhood.ts'
import { say, transportOf } from '../support/ntm-world.ts'

const KINDS = [
  'public',
  'home',
  'fullCone',
  'addressRestricted',
  'portChanging',
  'masquerade',
  'poisonable',
  'addressDependent',
  'symmetric',
  'sequential',
  'block',
] as const
const PAIRS = KINDS.flatMap(a => KINDS.map(b => [a, b] as const))

test.each(PAIRS)('%s to %s', async (a, b) => {
  const hood = await neighbourhood({ seed: 1, alice: { nat: a }, bob: { nat: b }, relayLatenciesMs: [5] })
  const { world, alice, bob } = hood
  const t0 = world.clock.monotonicMs()
  let ms = -1
  await say(world, alice.home, bob.home, 'hello').then(
    () => {
      ms = world.clock.monotonicMs() - t0
    },
    () => {},
  )
  await world.run(3_000)
  console.log('CELL', a, b, ms, transportOf(alice.home).links()[0]?.path)
  expect(1).toBe(1)
})
