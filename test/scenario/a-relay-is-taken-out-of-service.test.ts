/**
 * What an operator does to take a relay away: the coordinator is told to send nobody there, and the process is ended. Who
 * talks over it goes on until then, and over another relay after that, at once, because the relay says that it ends.
 */
import { expect, test } from 'vitest'
import type { SimHome } from '../../src/kernel/testing/sim-home.ts'
import type { World } from '../../src/kernel/testing/world.ts'
import { numbered } from '../sim/support/numbered.ts'
import { neighbourhood } from '../support/neighbourhood.ts'
import { say, textsOf } from '../support/ntm-world.ts'

const HARD = { nat: 'symmetric' } as const
const RELAYS_MS = [5, 15]
const RTT_BY_OTHER_MS = 4 * 20 + 4 * 15

const slotsOf = async (world: World, relay: SimHome): Promise<number> =>
  ((await world.until(relay.call('relay.stats', {}))) as { slots: number }).slots

const town = async (seed: number, latencies: readonly number[]) => {
  const hood = await neighbourhood({ seed, alice: HARD, bob: HARD, relayLatenciesMs: latencies })
  const { world, alice, bob } = hood
  await say(world, alice.home, bob.home, 'hello')
  await world.run(10_000)
  const relays = latencies.map((_, at) => world.homes.get(`relay${at + 1}.example`)!)
  const slots = await Promise.all(relays.map(each => slotsOf(world, each)))
  const relay = relays[slots.findIndex(count => count >= 2)]!
  const flow = numbered(world, alice.home, bob.home, 20)
  await world.run(3_000)
  flow.mark()
  return { hood, world, alice: alice.home, bob: bob.home, relay, flow }
}

test.each([1, 2, 3])('nothing stops when it is removed, and little when it ends (seed %i)', async seed => {
  const { hood, world, alice, bob, relay, flow } = await town(seed, RELAYS_MS)
  await world.until(hood.town.dc.call('dc.relay.remove', { relay: relay.keys.keys.tunnelKey }))
  await world.run(60_000)
  expect(flow.gapMs).toBeLessThanOrEqual(60)
  flow.mark()
  await world.until(relay.stop())
  await world.run(10_000)
  expect(flow.gapMs).toBeLessThanOrEqual(4 * RTT_BY_OTHER_MS)
  expect(flow.twice).toBe(0)
  flow.stop()
  expect(await say(world, bob, alice, 'still here')).toMatchObject({ state: 'delivered', path: 'relay' })
  expect(await textsOf(world, alice, 'bob.example')).toEqual(['hello', 'still here'])
  await world.end()
})

test.each([4, 5])('the only one is ended and started: a second passes by at most (seed %i)', async seed => {
  const { world, relay, flow } = await town(seed, [5])
  await world.until(relay.stop())
  await world.restart(relay)
  await world.run(10_000)
  expect(flow.gapMs).toBeLessThanOrEqual(1_000)
  flow.stop()
  await world.end()
})
