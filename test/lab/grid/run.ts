/**
 * The runs of a cell: both nodes start, the first one says something, and the clock says when it arrived and when the
 * path became direct. Of many runs each begins in a new world, and the first one is the program's own.
 */
import type { Document } from '../../cli/program.ts'
import { Cell, OTHER, SIDES } from '../people/cell.ts'
import { NAMES } from '../people/homes.ts'
import type { Side } from '../topology/addresses.ts'
import type { GridCell, How } from './cells.ts'
import { isGuessed, isRelayed, type Meeting, type Outcome } from './outcome.ts'

const DELIVERY_TIMEOUT_MS = 30_000
/** Three rounds of tries, five seconds apart, and the time for the last to end. */
const DIRECT_TIMEOUT_MS = 15_000
/** That long it is watched that no path becomes direct where none can: a whole round of tries, once a cell. */
const WHOLE_WATCH_MS = 3_500
/** The same in all other runs: ordinary probes have had their chance, and harder ones have begun. */
const WATCH_MS = 500
/** Of a caller that comes again: unlike any port that a first start was given. */
const PORT_AGAIN_FIRST = 20_000

const sleep = (ms: number): Promise<void> => new Promise(done => setTimeout(done, ms))

const untilDirect = async (
  cell: Cell,
  how: How,
  isWhole: boolean,
  sides: readonly Side[] = SIDES,
): Promise<number | null> => {
  const relayedForMs = isWhole ? WHOLE_WATCH_MS : WATCH_MS
  return cell.untilPath('direct', isRelayed(how) ? relayedForMs : DIRECT_TIMEOUT_MS, sides)
}

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
  /** Whether it is watched for a whole round of tries that no path becomes direct where none can. */
  readonly isWhole: boolean
  /** Whether the caller comes again. */
  readonly hasAgain: boolean
}

/** A run in a cell whose nodes are down; they are down again afterwards. */
export async function runOnce(cell: Cell, { how }: GridCell, run: Run): Promise<Outcome> {
  const { number, staggerMs, isProgram, isWhole, hasAgain } = run
  const up = (side: Side) => (isProgram ? cell.up(side) : cell.upInResident(side))
  try {
    const late = sleep(staggerMs).then(() => up('b'))
    late.catch(() => undefined)
    await up('a')
    if (staggerMs === 0) await late
    const texts = [`${number} from a`, `${number} from b`]
    const askedAt = Date.now()
    const saying = saidBy(cell, 'a', texts[0]!)
    await late
    const from = Math.max(askedAt, Date.now())
    const directAt = untilDirect(cell, how, isWhole)
    const sent = await saying
    const first = meetingOf(from, sent, await directAt)
    const again = hasAgain ? { again: await meetAgain(cell, how, number, up) } : {}
    if (hasAgain) texts.push(`${number} from a again`)
    const answered = sent === undefined ? undefined : await say(cell, 'b', texts[1]!).catch(() => undefined)
    const broken = answered === undefined ? [] : await lacking(cell, texts)
    return { staggerMs, ...first, ...again, broken }
  } finally {
    await Promise.all(SIDES.map(side => cell.down(side)))
  }
}

/**
 * The caller starts anew, from another port, so that nothing that is still open at a router helps; the called one stays
 * up and has its limits on tries. It is the caller that says when the path is direct: the other still means the old one.
 */
const meetAgain = async (
  cell: Cell,
  how: How,
  number: number,
  up: (side: Side) => Promise<unknown>,
): Promise<Meeting> => {
  await cell.down('a')
  cell.movePort('a', PORT_AGAIN_FIRST + number)
  await up('a')
  const from = Date.now()
  const saying = saidBy(cell, 'a', `${number} from a again`)
  const directAt = untilDirect(cell, how, false, ['a'])
  return meetingOf(from, await saying, await directAt)
}

/** Runs on one network, whose starts are staggered in turn. */
export async function outcomesOf(
  gridCell: GridCell,
  { runs, staggersMs }: { readonly runs: number; readonly staggersMs: readonly number[] },
): Promise<readonly Outcome[]> {
  const isForManyRuns = runs > 1
  const cell = await Cell.open({ ...gridCell.spec, isForManyRuns })
  const outcomes: Outcome[] = []
  try {
    for (let number = 0; number < runs; number++) {
      if (number > 0) await cell.renew()
      const isFirst = number === 0
      const staggerMs = staggersMs[number % staggersMs.length]!
      const hasAgain = isForManyRuns && isGuessed(gridCell.how)
      const run = { number, staggerMs, isProgram: isFirst, isWhole: isFirst, hasAgain }
      outcomes.push(await runOnce(cell, gridCell, run))
    }
  } finally {
    await cell.close()
  }
  return outcomes
}
