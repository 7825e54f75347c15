/**
 * Who is only there to be called: nothing but keepalives to the coordinator holds the way in open, through a router that
 * forgets after half a minute, keeps the port all the same, and so never shows that it has forgotten.
 */
import { expect, test } from 'vitest'
import { NAT_KINDS } from '../../src/kernel/testing/nat-kinds.ts'
import { neighbourhood } from '../support/neighbourhood.ts'
import { say } from '../support/ntm-world.ts'

const FORGETFUL = { ...NAT_KINDS.home, timeoutMs: 30_000, unansweredMs: 30_000 }
const IDLE_MS = 10 * 60_000
/** She is called when she has said nothing for nearly as long as she ever has. */
const SHORT_OF_MS = 300

test.each([1, 2, 3, 4])(
  'who has been idle for ten minutes is reached at the first try (seed %i)',
  async seed => {
    const { world, town, alice, bob } = await neighbourhood({
      seed,
      alice: { nat: FORGETFUL },
      bob: { nat: 'home' },
    })
    let [spokeMs, longestMs] = [world.clock.monotonicMs(), 0]
    const { network } = world
    const carry = network.carry.bind(network)
    network.carry = departure => {
      if (departure.host === alice.home.host && departure.packet.to.address === town.dc.host.address) {
        const nowMs = world.clock.monotonicMs()
        longestMs = Math.max(longestMs, nowMs - spokeMs)
        spokeMs = nowMs
      }
      carry(departure)
    }
    await world.run(IDLE_MS)
    while (world.clock.monotonicMs() - spokeMs < longestMs - SHORT_OF_MS) await world.run(100)
    const fromMs = world.clock.monotonicMs()
    expect(await say(world, bob.home, alice.home, 'are you there?')).toMatchObject({ state: 'delivered' })
    expect(world.clock.monotonicMs() - fromMs).toBeLessThanOrEqual(1_000)
    await world.end()
  },
)
