/** Something between or beside two people fails while they talk: servers, the direct way, mappings, packets. */
import { profile } from '../nat/profiles.ts'
import { SIDES } from '../people/cell.ts'
import {
  BOTH,
  DIRECT_AGAIN_MS,
  DIRECT_TIMEOUT_MS,
  generously,
  NOTICED_MS,
  RELAY_AGAIN_MS,
  type Scenario,
} from './scenario.ts'
import { type Stage, sleep } from './stage.ts'

const [HOME, PUBLIC, HARD] = [profile('home'), profile('public'), profile('symmetric random')]

/** What the start of a server takes on a crowded machine. */
const START_MS = 2_000
const RELAY_AWAY_MS = 1_000

const servers: readonly Scenario[] = [
  {
    name: 'the coordinator is killed, and who talks goes on talking',
    cell: { a: HOME, b: PUBLIC },
    aimMs: 0,
    play: stage => stage.during(BOTH, () => stage.cell.stopDc('SIGKILL')),
  },
  {
    name: 'the coordinator is killed and comes back, between two homes',
    cell: { a: HOME, b: HOME },
    aimMs: 0,
    play: async stage => {
      await stage.untilPath('direct', DIRECT_TIMEOUT_MS)
      await stage.during(BOTH, async () => {
        await stage.cell.stopDc('SIGKILL')
        await sleep(3_000)
        await stage.cell.startDc()
      })
    },
  },
  {
    name: 'the only relay is started again under two who need it',
    cell: { a: HARD, b: HARD },
    outageMs: START_MS,
    aimMs: RELAY_AGAIN_MS,
    play: stage =>
      stage.during(
        BOTH,
        async () => {
          await stage.cell.stopDc('SIGKILL')
          await stage.cell.startDc()
        },
        { afterMs: 10_000 },
      ),
  },
  {
    name: 'each of two relays is killed in turn under two who need one',
    cell: { a: HARD, b: HARD, relays: ['rs1', 'rs2'], dcRelays: false },
    aimMs: RELAY_AGAIN_MS,
    besides: 'each time, then by the other relay',
    play: stage =>
      stage.during(
        BOTH,
        async () => {
          await stage.cell.stopRelay('rs1', 'SIGKILL')
          await sleep(5_000)
          await stage.cell.startRelay('rs1')
          await sleep(5_000)
          await stage.cell.stopRelay('rs2', 'SIGKILL')
        },
        { afterMs: 8_000 },
      ),
  },
  {
    name: 'the only relay, on a host of its own, is started again',
    cell: { a: HARD, b: HARD, relays: ['rs1'], dcRelays: false },
    outageMs: RELAY_AWAY_MS + START_MS,
    aimMs: RELAY_AGAIN_MS,
    play: async stage => {
      const again = async (): Promise<void> => {
        await stage.cell.stopRelay('rs1', 'SIGKILL')
        await sleep(RELAY_AWAY_MS)
        await stage.cell.startRelay('rs1')
      }
      await stage.during(BOTH, again, { afterMs: 10_000 })
      stage.mustHaveBeenSilent(RELAY_AWAY_MS)
    },
  },
]

const HOLE_MS = 3_000

const holes: readonly Scenario[] = [
  {
    name: 'the direct way between two homes swallows everything, and is mended',
    cell: { a: HOME, b: HOME },
    aimMs: 1_000,
    besides: `direct again within ${DIRECT_AGAIN_MS} ms of mending`,
    play: async stage => {
      await stage.untilPath('direct', DIRECT_TIMEOUT_MS)
      let close = async (): Promise<void> => {}
      await stage.during(BOTH, async () => {
        close = await stage.cell.network.blackhole()
      })
      await stage.untilPath('relay', DIRECT_TIMEOUT_MS)
      await close()
      const untilDirect = () => stage.untilPath('direct', generously(DIRECT_AGAIN_MS))
      await stage.during(BOTH, untilDirect, { beforeMs: 0 })
    },
  },
  {
    name: 'the way to somebody public swallows everything for three seconds',
    cell: { a: HOME, b: PUBLIC },
    outageMs: HOLE_MS,
    aimMs: 1_000,
    play: async stage => {
      const hole = async (): Promise<void> => {
        const close = await stage.cell.network.blackhole()
        await sleep(HOLE_MS)
        await close()
      }
      await stage.during(BOTH, hole, { afterMs: 6_000 })
      // With a relay it would not have been.
      if (!stage.cell.hasRelay) stage.mustHaveBeenSilent(HOLE_MS)
    },
  },
]

const LONG_TEXT = 20_000

const narrow: readonly Scenario[] = [
  {
    name: 'nothing longer than 1,280 bytes passes any more, which nobody tells, and long texts are said',
    cell: { a: HOME, b: PUBLIC },
    aimMs: 2_000,
    play: async stage => {
      await stage.sayTimed('a', LONG_TEXT)
      await stage.cell.network.narrow(1_280)
      for (const side of SIDES) await stage.sayTimed(side, LONG_TEXT)
    },
  },
]

const IDLE_MS = 25_000

const forgetful = async (stage: Stage): Promise<void> => {
  for (const side of SIDES) await stage.cell.network.shortenTimeouts(side, 20)
  await sleep(IDLE_MS)
  await stage.sayTimed('b')
  await stage.sayTimed('a')
}

const idle: readonly Scenario[] = [
  {
    name: 'a home forgets its mapping after 20 s of silence, and who is away from home speaks first',
    cell: { a: HOME, b: PUBLIC },
    aimMs: NOTICED_MS,
    play: forgetful,
  },
  {
    name: 'two homes forget their mappings after 20 s of silence',
    cell: { a: HOME, b: HOME },
    aimMs: NOTICED_MS,
    play: forgetful,
  },
]

const LADDER = [1, 5, 10, 20, 30]
const RUNG = { beforeMs: 0, afterMs: 1_000 }

const loss: readonly Scenario[] = [
  {
    name: `the home of one loses ${LADDER.join(', ')} % of its packets, one after the other`,
    cell: { a: HOME, b: PUBLIC },
    aimMs: 5_000,
    play: async stage => {
      for (const percent of LADDER) {
        await stage.cell.network.lose('a', percent)
        await stage.during({ a: 50, b: 50 }, () => sleep(1_000), { ...RUNG, label: `${percent} %: ` })
      }
      await stage.cell.network.lose('a', 0)
    },
  },
  {
    name: `both homes lose ${LADDER.join(', ')} % of their packets, one after the other`,
    cell: { a: HOME, b: HOME },
    aimMs: 5_000,
    play: async stage => {
      for (const percent of LADDER) {
        await Promise.all(SIDES.map(side => stage.cell.network.lose(side, percent)))
        await stage.during({ a: 50, b: 50 }, () => sleep(1_000), { ...RUNG, label: `${percent} %: ` })
      }
      await Promise.all(SIDES.map(side => stage.cell.network.lose(side, 0)))
    },
  },
]

export const FAILING: readonly Scenario[] = [...servers, ...holes, ...narrow, ...idle, ...loss]
