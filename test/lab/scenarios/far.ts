/** Two people far from each other, over lines that are slow, uneven and lossy; and over a relay before all else. */
import { profile } from '../nat/profiles.ts'
import { BOTH, DIRECT_TIMEOUT_MS, type Scenario } from './scenario.ts'
import { sleep } from './stage.ts'

const [HOME, PUBLIC] = [profile('home'), profile('public')]

const LONG = { latencyMs: 25 }
const ROUND_TRIP_MS = 4 * LONG.latencyMs

export const FAR: readonly Scenario[] = [
  {
    name: 'both are 25 ms away from the world',
    cell: { a: HOME, b: PUBLIC, lines: { a: LONG, b: LONG } },
    aimMs: ROUND_TRIP_MS,
    play: async stage => {
      await stage.sayTimed('a')
      await stage.during(BOTH, () => sleep(1_000), { afterMs: 1_000 })
    },
  },
  {
    name: 'one is on a bad mobile line: 150 ms, uneven, 5 % lost, 5 % out of order',
    cell: {
      ...{ a: HOME, b: PUBLIC },
      lines: {
        a: {
          latencyMs: 150,
          jitterMs: 60,
          lossPercent: 5,
          reorderPercent: 5,
          reorderMs: 80,
          rateKbit: 2_000,
        },
      },
    },
    aimMs: 2_000,
    play: stage => stage.during({ a: 50, b: 50 }, () => sleep(2_000), { afterMs: 2_000 }),
  },
  {
    name: 'two homes 50 ms apart speak over a relay at once and become direct without a pause',
    cell: { a: HOME, b: HOME, lines: { a: LONG, b: LONG } },
    aimMs: ROUND_TRIP_MS,
    play: stage =>
      stage.during(BOTH, () => stage.untilPath('direct', DIRECT_TIMEOUT_MS), { beforeMs: 0, afterMs: 2_000 }),
  },
]
