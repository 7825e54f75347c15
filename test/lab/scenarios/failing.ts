/** Something between or beside two people fails while they talk: servers, the direct way, mappings, packets. */
import { profile } from '../nat/profiles.ts'
import { SIDES } from '../people/cell.ts'
import { BOTH, DIRECT_TIMEOUT_MS, generously, NOTICED_MS, RELAY_AGAIN_MS, type Scenario } from './scenario.ts'
import { type Stage, sleep } from './stage.ts'

const [HOME, PUBLIC, HARD] = [profile('home'), profile('public'), profile('symmetric random')]

const servers: readonly Scenario[] = [
  {
    name: 'the coordinator is killed, and who talks goes on talking',
    cell: { a: HOME, b: PUBLIC },
    needs: [],
    aim: 'no silence at all',
    silenceMaxMs: generously(NOTICED_MS),
    play: stage => stage.during(BOTH, () => stage.cell.stopDc('SIGKILL')),
  },
  {
    name: 'the coordinator is killed and comes back, between two homes',
    cell: { a: HOME, b: HOME },
    needs: ['paths'],
    aim: 'no silence at all',
    silenceMaxMs: generously(NOTICED_MS),
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
    needs: ['paths', 'relay'],
    aim: 'it goes on by itself',
    silenceMaxMs: generously(RELAY_AGAIN_MS),
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
    needs: ['paths', 'relay hosts'],
    aim: 'silence of a few seconds each time, then by the other relay',
    silenceMaxMs: generously(RELAY_AGAIN_MS),
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
    needs: ['paths', 'relay hosts'],
    aim: 'it goes on by itself',
    silenceMaxMs: generously(RELAY_AGAIN_MS),
    play: async stage => {
      const again = async (): Promise<void> => {
        await stage.cell.stopRelay('rs1', 'SIGKILL')
        await sleep(1_000)
        await stage.cell.startRelay('rs1')
      }
      await stage.during(BOTH, again, { afterMs: 10_000 })
      stage.mustHaveBeenSilent(1_000)
    },
  },
]

const holes: readonly Scenario[] = [
  {
    name: 'the direct way between two homes swallows everything, and is mended',
    cell: { a: HOME, b: HOME },
    needs: ['paths', 'relay'],
    aim: 'silence of at most 1 s, and direct again within 5 s of mending',
    silenceMaxMs: generously(1_000),
    play: async stage => {
      await stage.untilPath('direct', DIRECT_TIMEOUT_MS)
      let close = async (): Promise<void> => {}
      await stage.during(BOTH, async () => {
        close = await stage.cell.network.blackhole()
      })
      await stage.untilPath('relay', DIRECT_TIMEOUT_MS)
      await close()
      await stage.during(BOTH, () => stage.untilPath('direct', DIRECT_TIMEOUT_MS), { beforeMs: 0 })
    },
  },
  {
    name: 'the way to somebody public swallows everything for three seconds',
    cell: { a: HOME, b: PUBLIC },
    needs: [],
    aim: 'it goes on by itself',
    silenceMaxMs: 3_000 + generously(1_000),
    play: async stage => {
      const hole = async (): Promise<void> => {
        const close = await stage.cell.network.blackhole()
        await sleep(3_000)
        await close()
      }
      await stage.during(BOTH, hole, { afterMs: 6_000 })
      // With a relay it would not have been.
      if (!stage.cell.hasRelay) stage.mustHaveBeenSilent(3_000)
    },
  },
]

const LONG_TEXT = 20_000

const narrow: readonly Scenario[] = [
  {
    name: 'nothing longer than 1,280 bytes passes any more, which nobody tells, and long texts are said',
    cell: { a: HOME, b: PUBLIC },
    needs: [],
    aim: 'a standstill of at most 2 s',
    silenceMaxMs: generously(2_000),
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
    needs: ['paths'],
    aim: 'the next text within 2 round trips',
    silenceMaxMs: generously(NOTICED_MS),
    play: forgetful,
  },
  {
    name: 'two homes forget their mappings after 20 s of silence',
    cell: { a: HOME, b: HOME },
    needs: ['paths', 'relay'],
    aim: 'the next text within 2 round trips',
    silenceMaxMs: generously(NOTICED_MS),
    play: forgetful,
  },
]

const LADDER = [1, 5, 10, 20, 30]
const RUNG = { beforeMs: 0, afterMs: 1_000 }

const loss: readonly Scenario[] = [
  {
    name: `the home of one loses ${LADDER.join(', ')} % of its packets, one after the other`,
    cell: { a: HOME, b: PUBLIC },
    needs: [],
    aim: 'everything arrives',
    silenceMaxMs: generously(5_000),
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
    needs: ['paths'],
    aim: 'everything arrives',
    silenceMaxMs: generously(5_000),
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
