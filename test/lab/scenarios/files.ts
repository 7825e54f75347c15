/**
 * What happens to two people on the move, again with a file under way between them, over a line that is thin enough for
 * it to be met half way. It comes byte for byte, it never stands still for long, and texts come all the while.
 */
import type { Line } from '../delay/delay-line.ts'
import { profile } from '../nat/profiles.ts'
import { FileUnderWay, TOLD_EVERY_MS } from '../people/file-under-way.ts'
import type { Side } from '../topology/addresses.ts'
import {
  BOTH,
  CROWDED_MS,
  DIRECT_AGAIN_MS,
  DIRECT_TIMEOUT_MS,
  NOTICED_MS,
  type Scenario,
} from './scenario.ts'
import type { Stage } from './stage.ts'

const [HOME, PUBLIC] = [profile('home'), profile('public')]

/** Two million bytes a second at B's end: a file of 16 MiB takes some seconds, wherever A goes. */
const THIN: Line = { latencyMs: 5, rateKbit: 20_000 }
const MEBIBYTES = 16
/** A full queue of the line goes before a text. */
const QUEUE_MS = 250
const TEXT_AIM_MS = NOTICED_MS + QUEUE_MS
const STALL_AIM_MS = 2_000
const STALL_MAX_MS = STALL_AIM_MS + CROWDED_MS
const BESIDES = `the file without progress for at most ${STALL_AIM_MS} ms`

const homeAndPublic = { a: HOME, b: PUBLIC, lines: { b: THIN } }
const homes = { a: HOME, b: HOME, lines: { b: THIN } }

type Happens = (stage: Stage) => Promise<unknown>

/** Texts both ways and a file from one side; what happens meets both half way. */
const withFile =
  (from: Side, happens: Happens, mebibytes = MEBIBYTES) =>
  async (stage: Stage): Promise<void> => {
    const file = await FileUnderWay.begin(stage.cell, from, mebibytes)
    const meanwhile = async (): Promise<void> => {
      file.mustBeUnderWay()
      await happens(stage)
      file.mustBeUnderWay()
      await file.end()
    }
    await stage.during(BOTH, meanwhile, { beforeMs: 1_000, afterMs: 200 })
    stage.tell('the file took', file.tookMs)
    stage.tell(`it was longest without progress, give or take ${TOLD_EVERY_MS} ms,`, file.longestStallMs)
    if (file.longestStallMs > STALL_MAX_MS)
      throw new Error(`the file stood still for ${file.longestStallMs} ms, more than ${STALL_MAX_MS} ms`)
  }

/** The same between two who have met directly. */
const withFileDirect =
  (from: Side, happens: Happens) =>
  async (stage: Stage): Promise<void> => {
    await stage.untilPath('direct', DIRECT_TIMEOUT_MS)
    await withFile(from, happens)(stage)
  }

const ends = [
  { end: 'sends', from: 'a' },
  { end: 'gets', from: 'b' },
] as const

const moving = ends.flatMap(({ end, from }): Scenario[] => [
  {
    name: `the router rebinds under who ${end} a file`,
    ...{ cell: homeAndPublic, aimMs: TEXT_AIM_MS, besides: BESIDES },
    play: withFile(from, ({ cell }) => cell.network.rebind('a')),
  },
  {
    name: `the provider changes the address of who ${end} a file`,
    ...{ cell: homeAndPublic, aimMs: TEXT_AIM_MS, besides: BESIDES },
    play: withFile(from, ({ cell }) => cell.network.changeWanAddress('a')),
  },
  {
    name: `the router rebinds under who ${end} a file, both being in homes`,
    ...{ cell: homes, aimMs: TEXT_AIM_MS, besides: BESIDES },
    play: withFileDirect(from, ({ cell }) => cell.network.rebind('a')),
  },
])

const both: readonly Scenario[] = [
  {
    name: 'both hosts go over to other uplinks at once while a file is under way',
    cell: { ...homes, uplinks: { a: HOME, b: HOME } },
    before: network => network.delay('b2', THIN),
    ...{ aimMs: TEXT_AIM_MS, besides: BESIDES },
    play: withFileDirect('a', ({ cell: { network } }) =>
      Promise.all([network.switchUplink('a'), network.switchUplink('b')]),
    ),
  },
]

const becomingDirect: readonly Scenario[] = [
  {
    name: 'two homes become direct while a file goes over the relay',
    ...{ cell: homes, aimMs: TEXT_AIM_MS, besides: `${BESIDES}, direct within ${DIRECT_AGAIN_MS} ms` },
    play: async stage => {
      const close = await stage.cell.network.blackhole()
      await stage.untilPath('relay', DIRECT_TIMEOUT_MS)
      const mended = async (): Promise<void> => {
        await close()
        await stage.untilPath('direct', DIRECT_TIMEOUT_MS)
      }
      await withFile('a', mended, 2 * MEBIBYTES)(stage)
    },
  },
]

const NARROW_MTU = 1_280

const narrow: readonly Scenario[] = [
  {
    name: 'nothing longer than 1,280 bytes passes from the beginning, which nobody tells, and a file is sent',
    before: network => network.narrow(NARROW_MTU),
    ...{ cell: homeAndPublic, aimMs: TEXT_AIM_MS, besides: BESIDES },
    play: withFile('a', async () => undefined),
  },
  {
    name: 'nothing longer than 1,280 bytes passes any more, which nobody tells, while a file is under way',
    ...{ cell: homeAndPublic, aimMs: TEXT_AIM_MS, besides: BESIDES },
    play: withFile('a', ({ cell }) => cell.network.narrow(NARROW_MTU)),
  },
]

export const WITH_A_FILE: readonly Scenario[] = [...moving, ...both, ...becomingDirect, ...narrow]
