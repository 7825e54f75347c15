/**
 * Two people whom only a relay brings together talk for longer than their tickets are good. Tickets are renewed while the
 * coordinator lives, so that a relay that starts anew takes them also after the coordinator has died; and a slot that
 * is bound stays bound without any.
 */
import { expect, test } from 'vitest'
import type { SimHome } from '../../src/kernel/testing/sim-home.ts'
import { neighbourhood } from '../support/neighbourhood.ts'
import { say, statsOf, textsOf } from '../support/ntm-world.ts'

/** Nothing direct leads from one protocol to the other. */
const OLD_LINE = { nat: 'home' } as const
const NEW_LINE = { nat: 'none', ipv6: 'firewall' } as const
const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
/** Longer than a channel takes to fall silent. */
const PAUSE_MS = 9 * MINUTE_MS

const town = async (seed: number) => {
  const hood = await neighbourhood({ seed, alice: OLD_LINE, bob: NEW_LINE, relayLatenciesMs: [5] })
  const relay = hood.world.homes.get('relay1.example')!
  return { hood, world: hood.world, dc: hood.town.dc, relay, alice: hood.alice.home, bob: hood.bob.home }
}

type Folk = Awaited<ReturnType<typeof town>>

/** A text every few minutes, in turn; each arrives. Returns how many. */
const talk = async ({ world, alice, bob }: Folk, hours: number): Promise<number> => {
  const texts = Math.ceil((hours * HOUR_MS) / PAUSE_MS)
  for (let text = 0; text < texts; text += 1) {
    const [from, to]: readonly [SimHome, SimHome] = text % 2 === 0 ? [alice, bob] : [bob, alice]
    expect(await say(world, from, to, `${text}`)).toMatchObject({ state: 'delivered', path: 'relay' })
    await world.run(PAUSE_MS)
  }
  return texts
}

const restart = async ({ world, relay }: Folk): Promise<void> => {
  world.crash(relay)
  await world.restart(relay)
}

test('tickets are renewed once in their life, and hold at a relay that starts anew when the coordinator is dead', async () => {
  const folk = await town(1)
  const { world, hood, dc, alice, bob } = folk
  let texts = await talk(folk, 1)
  const { received } = await statsOf(world, hood.town)
  const before = received['direction-request'] ?? 0
  texts += await talk(folk, 26)
  const asked = ((await statsOf(world, hood.town)).received['direction-request'] ?? 0) - before
  expect(asked).toBeGreaterThanOrEqual(1)
  expect(asked).toBeLessThanOrEqual(4)
  world.crash(dc)
  // Who has been silent for long hears of it when there is something to say.
  await say(world, bob, alice, 'before')
  await world.run(60_000)
  await restart(folk)
  await world.run(30_000)
  const atMs = world.clock.monotonicMs()
  await say(world, alice, bob, 'are you there?')
  expect(world.clock.monotonicMs() - atMs).toBeLessThan(5_000)
  texts += 2 + (await talk(folk, 1))
  expect(await textsOf(world, bob, 'alice.example')).toHaveLength(texts)
  await world.end()
}, 120_000)

test('without a coordinator it goes on for longer than that, and after a restart of the relay when the coordinator is back', async () => {
  const folk = await town(3)
  const { world, dc, alice, bob } = folk
  await talk(folk, 1)
  world.crash(dc)
  await talk(folk, 25)
  await restart(folk)
  const sent = (await world.until(
    alice
      .call('send', { to: 'bob.example', text: 'lost?', wait: 'sent', timeoutMs: 0 })
      .catch(error => error),
  )) as object
  await world.run(10 * MINUTE_MS)
  expect(sent).toBeDefined()
  expect((await textsOf(world, bob, 'alice.example')).includes('lost?')).toBe(false)
  await world.restart(dc)
  await world.run(3 * MINUTE_MS)
  expect(await textsOf(world, bob, 'alice.example')).toContain('lost?')
  await world.end()
}, 120_000)
