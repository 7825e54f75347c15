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
/** Around which the keepalives of that time fall in one way or another. */
const STEP_MS = 23_000

test.each([1, 2, 3, 4])(
  'who has been idle for ten minutes is reached at the first try (seed %i)',
  async seed => {
    const { world, alice, bob } = await neighbourhood({
      seed,
      alice: { nat: FORGETFUL },
      bob: { nat: 'home' },
    })
    await world.run(IDLE_MS + seed * STEP_MS)
    const fromMs = world.clock.monotonicMs()
    expect(await say(world, bob.home, alice.home, 'are you there?')).toMatchObject({ state: 'delivered' })
    expect(world.clock.monotonicMs() - fromMs).toBeLessThanOrEqual(1_000)
    await world.end()
  },
)
