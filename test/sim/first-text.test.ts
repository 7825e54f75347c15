/**
 * How long the first text takes, from typing to its acknowledgement: the coordinator's round trip, one for the
 * handshake, one for the text. Who was never met before is looked up as well, and asked before being told of
 * (plugins/transport-ntm/SPEC.md §6.2): two more round trips to the coordinator.
 */
import { expect, test } from 'vitest'
import type { NAT_KINDS } from '../../src/kernel/testing/nat-kinds.ts'
import { neighbourhood } from '../support/neighbourhood.ts'
import { say } from '../support/ntm-world.ts'

const LINE_MS = 25
const DC_MS = 5
const DC_RTT_MS = 2 * (LINE_MS + DC_MS)
const PATH_RTT_MS = 4 * LINE_MS
/** Where somebody was last is tried for so long before the coordinator is troubled. */
const KNOWN_FIRST_MS = 100

const line = (nat: keyof typeof NAT_KINDS) => ({ nat, latencyMs: LINE_MS }) as const

async function meeting(seed: number) {
  const hood = await neighbourhood({
    ...{ seed, alice: line('home'), bob: line('home') },
    ...{ dcLatencyMs: DC_MS, relayLatenciesMs: [DC_MS] },
  })
  const { world, alice, bob } = hood
  const timed = async (): Promise<number> => {
    const fromMs = world.clock.monotonicMs()
    await say(world, alice.home, bob.home, 'hello')
    return world.clock.monotonicMs() - fromMs
  }
  return { hood, world, alice, bob, timed }
}

test.each([1, 2, 3])('of a stranger (seed %i)', async seed => {
  const { world, timed } = await meeting(seed)
  expect(await timed()).toBeLessThanOrEqual(3 * DC_RTT_MS + 2 * PATH_RTT_MS)
  await world.end()
})

test.each([1, 2, 3])('of a friend who is where he was (seed %i)', async seed => {
  const { world, alice, bob, timed } = await meeting(seed)
  await timed()
  await say(world, bob.home, alice.home, 'hello yourself')
  for (const { home } of [alice, bob]) {
    await world.until(home.stop())
    await world.restart(home)
  }
  await world.run(1_000)
  expect(await timed()).toBeLessThanOrEqual(DC_RTT_MS + 2 * PATH_RTT_MS)
  await world.end()
})

test.each([1, 2, 3])('of a friend who has moved meanwhile (seed %i)', async seed => {
  const { hood, world, alice, bob, timed } = await meeting(seed)
  await timed()
  await say(world, bob.home, alice.home, 'hello yourself')
  // Bob is told of at once from now on: his coordinator has heard that Alice is welcome.
  await world.until(bob.home.stop())
  await world.restart(bob.home)
  await world.run(2_000)
  await say(world, alice.home, bob.home, 'still there?')
  for (const { home } of [alice, bob]) await world.until(home.stop())
  await world.run(120_000)
  bob.home.host.move(hood.line(line('home')).next())
  for (const { home } of [alice, bob]) await world.restart(home)
  await world.run(3_000)
  const tookMs = await timed()
  expect(tookMs).toBeLessThanOrEqual(KNOWN_FIRST_MS + 2 * DC_RTT_MS + 2 * PATH_RTT_MS)
  await world.end()
})
