/**
 * The runs of a cell: both nodes start, the first one says something, and the clock says when it arrived and when the
 * path became direct. Of many runs each begins in a new world, and the first one is the program's own.
 */
import type { Document } from '../../cli/program.ts'
import { Cell, OTHER, SIDES } from '../people/cell.ts'
import { NAMES } from '../people/homes.ts'
import type { Side } from '../topology/addresses.ts'
import type { GridCell, How } from './cells.ts'
import { type Again, isGuessed, isRelayed, type Meeting, type Outcome } from './outcome.ts'
import { turnToStart } from './processors.ts'

const DELIVERY_TIMEOUT_MS = 30_000
/** Three rounds of tries, five seconds apart, and the time for the last to end. */
const DIRECT_TIMEOUT_MS = 15_000
/** That long it is watched that no path becomes direct where none can: a whole round of tries, once of many runs. */
const WATCH_WHOLE_MS = 3_500
/** In all others: ordinary probes have had their chance, and harder ones have begun. */
const WATCH_MS = 500
/** Where there is one run only. */
const WATCH_ONCE_MS = 1_500

/** Runs of a cell that may break off before it is given up. */
const BROKEN_OFF_MAX = 3

const ROLES: Readonly<Record<Side, Again['anew']>> = { a: 'caller', b: 'called' }

const sleep = (ms: number): Promise<void> => new Promise(done => setTimeout(done, ms))

const untilDirect = (cell: Cell, how: How, watchMs: number, sides?: readonly Side[]) =>
  cell.untilPath('direct', isRelayed(how) ? watchMs : DIRECT_TIMEOUT_MS, sides)

const say = (cell: Cell, side: Side, text: string): Promise<Document> => {
  const asked = { to: NAMES[OTHER[side]], text, wait: 'delivered', timeoutMs: DELIVERY_TIMEOUT_MS }
  return cell.session(side).call('send', asked)
}

/** What the first one says, and how and when it arrived; undefined: not in time. */
const saidBy = (cell: Cell, side: Side, text: string) =>
  say(cell, side, text).then(
    sent => ({ path: sent.path as Meeting['path'], at: Date.now() }),
    () => undefined,
  )

const meetingOf = (
  from: number,
  sent: Awaited<ReturnType<typeof saidBy>>,
  directAt: number | null,
): Meeting => ({
  deliveredMs: sent === undefined ? null : Math.max(0, sent.at - from),
  path: sent?.path ?? null,
  directMs: directAt === null ? null : Math.max(0, directAt - from),
})

const lacking = async (cell: Cell, texts: readonly string[]): Promise<readonly string[]> => {
  const found = SIDES.map(async side => {
    const { messages } = await cell
      .session(side)
      .call<{ messages: readonly Document[] }>('history', { with: NAMES[OTHER[side]], limit: 10 })
    return texts.flatMap(text => {
      const count = messages.filter(message => message.text === text).length
      return count === 1 ? [] : [`${side} has "${text}" ${count} times`]
    })
  })
  return (await Promise.all(found)).flat()
}

export interface Run {
  readonly number: number
  readonly staggerMs: number
  /** Whether the nodes are the program in processes of its own. */
  readonly isProgram: boolean
  /** How long it is watched that no path becomes direct where none can. */
  readonly watchMs: number
  /** Who comes again, if anybody. */
  readonly anew: Side | undefined
}

/** A run in a cell whose nodes are down; they are down again afterwards. */
export async function runOnce(cell: Cell, { how }: GridCell, run: Run): Promise<Outcome> {
  const { number, staggerMs, isProgram, watchMs, anew } = run
  const up = (side: Side) => (isProgram ? cell.up(side) : cell.upInResident(side))
  try {
    const late = sleep(staggerMs).then(() => up('b'))
    late.catch(() => undefined)
    await up('a')
    if (staggerMs === 0) await late
    const texts = [`${number} from a`, `${number} from b`, ...(anew ? [`${number} from a again`] : [])]
    const askedAt = Date.now()
    const saying = saidBy(cell, 'a', texts[0]!)
    await late
    const from = Math.max(askedAt, Date.now())
    const directAt = untilDirect(cell, how, watchMs)
    const sent = await saying
    const first = meetingOf(from, sent, await directAt)
    const again: Partial<Outcome> =
      anew === undefined
        ? {}
        : { again: { anew: ROLES[anew], ...(await meetAgain(cell, how, texts[2]!, { anew, up })) } }
    const answered = sent === undefined ? undefined : await say(cell, 'b', texts[1]!).catch(() => undefined)
    const broken = answered === undefined ? [] : await lacking(cell, texts)
    return { staggerMs, ...first, ...again, broken }
  } finally {
    await Promise.all(SIDES.map(side => cell.down(side)))
  }
}

/**
 * Right after they met one of them starts anew, with its home and all that it remembers, and the caller says something
 * more; the other stays up and has its limits on tries. The one that is new says when the path is direct: the other may
 * still mean the old one.
 */
const meetAgain = async (
  cell: Cell,
  how: How,
  text: string,
  { anew, up }: { readonly anew: Side; readonly up: (side: Side) => Promise<unknown> },
): Promise<Meeting> => {
  await cell.down(anew)
  await up(anew)
  const from = Date.now()
  const saying = saidBy(cell, 'a', text)
  const directAt = untilDirect(cell, how, WATCH_MS, [anew])
  return meetingOf(from, await saying, await directAt)
}

interface Runs {
  readonly runs: number
  readonly staggersMs: readonly number[]
}

const runOf = (how: How, number: number, { runs, staggersMs }: Runs): Run => {
  const [isForManyRuns, isFirst] = [runs > 1, number === 0]
  return {
    number,
    staggerMs: staggersMs[number % staggersMs.length]!,
    isProgram: isFirst,
    watchMs: !isForManyRuns ? WATCH_ONCE_MS : isFirst ? WATCH_WHOLE_MS : WATCH_MS,
    anew: isForManyRuns && isGuessed(how) ? SIDES[number % SIDES.length] : undefined,
  }
}

/** Runs on one network from a number on. What the laboratory cannot do, such as start a node, ends it with an error. */
async function playFrom(first: number, gridCell: GridCell, asked: Runs, outcomes: Outcome[]): Promise<void> {
  const isForManyRuns = asked.runs > 1
  if (isForManyRuns) await turnToStart()
  const cell = await Cell.open({ ...gridCell.spec, isForManyRuns })
  try {
    for (let number = first; number < asked.runs; number++) {
      if (number > first) {
        await turnToStart()
        await cell.renew()
      }
      outcomes.push(await runOnce(cell, gridCell, runOf(gridCell.how, number, asked)))
    }
  } finally {
    await cell.close()
  }
}

/** All runs of a cell, whose starts are staggered in turn. One that broke off is a bad one, and few may. */
export async function outcomesOf(gridCell: GridCell, asked: Runs): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = []
  for (let left = BROKEN_OFF_MAX; outcomes.length < asked.runs; left--) {
    try {
      await playFrom(outcomes.length, gridCell, asked, outcomes)
    } catch (error) {
      if (asked.runs === 1 || left === 0) throw error
      const { staggerMs } = runOf(gridCell.how, outcomes.length, asked)
      const broken = [`the run broke off: ${(error as Error).message}`]
      outcomes.push({ staggerMs, deliveredMs: null, path: null, directMs: null, broken })
    }
  }
  return outcomes
}
