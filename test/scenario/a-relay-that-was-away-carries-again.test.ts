/**
 * The only relay between two people is without power for a while. Who goes on talking is what asks it: it answers data that
 * it does not know with a challenge, so that one round trip after it is back everything flows. Who says something now
 * and then waits for the next word, or the next claim.
 */
import { expect, test } from 'vitest'
import { numbered } from '../sim/support/numbered.ts'
import { neighbourhood } from '../support/neighbourhood.ts'
import { say, textsOf } from '../support/ntm-world.ts'

const HARD = { nat: 'symmetric' } as const
const RTT_MS = 4 * 20 + 4 * 5

const town = async (seed: number) => {
  const hood = await neighbourhood({ seed, alice: HARD, bob: HARD, relayLatenciesMs: [5] })
  const { world, alice, bob } = hood
  await say(world, alice.home, bob.home, 'hello')
  await world.run(5_000)
  return { world, alice: alice.home, bob: bob.home, relay: world.homes.get('relay1.example')! }
}

test.each([500, 5_000, 30_000, 60_000])(
  'for %i ms, and both talk all the time: a round trip',
  async awayMs => {
    const { world, alice, bob, relay } = await town(awayMs)
    const flows = [numbered(world, alice, bob, 20), numbered(world, bob, alice, 20)]
    await world.run(3_000)
    world.crash(relay)
    await world.run(awayMs)
    await world.restart(relay)
    for (const flow of flows) flow.mark()
    await world.run(20_000)
    for (const flow of flows) {
      expect(flow.gapMs).toBeLessThanOrEqual(RTT_MS + 20)
      flow.stop()
    }
    await world.end()
  },
)

test.each([2_000, 60_000, 600_000])(
  'for %i ms, and a text is said every three seconds: seconds',
  async awayMs => {
    const { world, alice, bob, relay } = await town(awayMs)
    const post = (text: number): void => {
      const said = alice.call('send', { to: 'bob.example', text: `${text}`, wait: 'sent', timeoutMs: 0 })
      void said.catch(() => undefined)
      if (text < 1_000) world.clock.after(3_000, () => post(text + 1))
    }
    post(1)
    await world.run(10_000)
    world.crash(relay)
    await world.run(awayMs)
    const before = (await textsOf(world, bob, 'alice.example')).length
    await world.restart(relay)
    await world.run(10_000)
    expect((await textsOf(world, bob, 'alice.example')).length).toBeGreaterThan(before)
    await world.end()
  },
)
