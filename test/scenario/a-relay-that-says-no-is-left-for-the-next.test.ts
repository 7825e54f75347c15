/**
 * Two Relay Servers, the nearer of which has no slot left but answers to everybody who asks how far it is. Who is sent
 * there goes to the other at once, and those after them are not sent there at all.
 */
import { expect, test } from 'vitest'
import type { SimHome } from '../../src/kernel/testing/sim-home.ts'
import { RELAY_PLUGINS } from '../../src/plugins/first-party-relay.ts'
import { neighbourhood } from '../support/neighbourhood.ts'
import { notesAbout, say, transportOf } from '../support/ntm-world.ts'

const HARD = { nat: 'symmetric' } as const
const [NEAR_MS, FAR_MS] = [1, 30]
/** From anybody to anybody, by the farther relay. */
const RTT_MS = 4 * 20 + 4 * FAR_MS

const town = async (seed: number) => {
  const hood = await neighbourhood({ seed, alice: HARD, bob: HARD, relayLatenciesMs: [FAR_MS] })
  const config = (address: string) => ({
    plugins: {
      'ntm.relay-server': { config: { slotsMax: 2 } },
      'ntm.relay-tunnel': { config: { listen: [{ address, port: 4500 }], dc: hood.town.join } },
    },
  })
  const near = await hood.server('near.example', RELAY_PLUGINS, config, NEAR_MS)
  await hood.world.run(30_000)
  const [carol, dave] = [
    await hood.person('carol', hood.line(HARD)),
    await hood.person('dave', hood.line(HARD)),
  ]
  await hood.world.run(5_000)
  return { hood, near, alice: hood.alice.home, bob: hood.bob.home, carol: carol.home, dave: dave.home }
}

type TownFolk = Awaited<ReturnType<typeof town>>

const relayStats = async ({ hood: { world }, near }: TownFolk) =>
  (await world.until(near.call('relay.stats', {}))) as { slots: number; refusals: number; binds: number }

/** How long a text takes until it is known to be delivered. */
const timed = async ({ hood: { world } }: TownFolk, from: SimHome, to: SimHome): Promise<number> => {
  const atMs = world.clock.monotonicMs()
  expect(await say(world, from, to, 'hello')).toMatchObject({ state: 'delivered', path: 'relay' })
  return world.clock.monotonicMs() - atMs
}

test.each([1, 2, 3])(
  'who is refused talks by the other relay within a second and a half (seed %i)',
  async seed => {
    const folk = await town(seed)
    const { hood, alice, bob, carol, dave } = folk
    await timed(folk, carol, dave)
    await hood.world.run(5_000)
    expect(await relayStats(folk)).toMatchObject({ slots: 2 })
    expect(await timed(folk, alice, bob)).toBeLessThanOrEqual(6 * RTT_MS + 300)
    expect((await relayStats(folk)).refusals).toBeGreaterThan(0)
    expect(transportOf(alice).links().at(-1)).toMatchObject({ up: true, path: 'relay' })
    const told = await notesAbout(hood.world, alice, transportOf(alice).links()[0]!.device)
    expect(told.some(note => /the relay at .* says no: full/.test(note))).toBe(true)
    await hood.world.end()
  },
)

test('nobody who was refused is sent there for minutes, whomever they talk with', async () => {
  const folk = await town(4)
  const { hood, alice, bob, carol, dave } = folk
  await timed(folk, carol, dave)
  await timed(folk, alice, bob)
  const { refusals } = await relayStats(folk)
  for (let minute = 0; minute < 4; minute += 1) {
    await timed(folk, carol, dave)
    await timed(folk, minute % 2 === 0 ? alice : bob, minute % 2 === 0 ? carol : dave)
    await hood.world.run(60_000)
  }
  // The one channel that was refused is asked for once a minute.
  expect((await relayStats(folk)).refusals - refusals).toBeLessThanOrEqual(2 * 5)
  await hood.world.end()
})
