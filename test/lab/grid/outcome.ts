/**
 * One run of a cell: both nodes start, the first one says something, and the clock says when it arrived and when
 * the path became direct. Times count from when somebody could answer: the caller had asked and the other was up.
 */
import type { Document } from '../../cli/program.ts'
import { Cell, OTHER, SIDES } from '../people/cell.ts'
import { NAMES } from '../people/homes.ts'
import type { GridCell, How } from './cells.ts'

export interface Outcome {
  readonly staggerMs: number
  /** Null when the text did not arrive in time. */
  readonly deliveredMs: number | null
  /** How it went. */
  readonly path: 'direct' | 'relay' | null
  /** Null when the path was not direct in time. */
  readonly directMs: number | null
  /** Sentences; empty when both have what both said. */
  readonly broken: readonly string[]
}

const DELIVERY_TIMEOUT_MS = 30_000
/** Rounds of tries follow each other for a while. */
const DIRECT_TIMEOUT_MS = 25_000
/** That long it is watched that no path becomes direct where none can. */
const RELAY_WATCH_MS = 1_500

const sleep = (ms: number): Promise<void> => new Promise(done => setTimeout(done, ms))

const watchMs = (how: How): number => (how.startsWith('R') ? RELAY_WATCH_MS : DIRECT_TIMEOUT_MS)

const say = async (cell: Cell, side: 'a' | 'b', text: string): Promise<Document> => {
  const asked = { to: NAMES[OTHER[side]], text, wait: 'delivered', timeoutMs: DELIVERY_TIMEOUT_MS }
  return cell.session(side).call('send', asked)
}

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

/** A run in a cell whose nodes are down; they are down again afterwards. */
export async function runOnce(
  cell: Cell,
  { how }: GridCell,
  run: number,
  staggerMs: number,
): Promise<Outcome> {
  try {
    const late = sleep(staggerMs).then(() => cell.up('b'))
    late.catch(() => undefined)
    await cell.up('a')
    if (staggerMs === 0) await late
    const texts = [`${run} from a`, `${run} from b`] as const
    const askedAt = Date.now()
    const saying = say(cell, 'a', texts[0]).then(
      sent => ({ path: sent.path as Outcome['path'], at: Date.now() }),
      () => undefined,
    )
    await late
    const start = Math.max(askedAt, Date.now())
    const becameDirect = cell.untilPath('direct', watchMs(how))
    const sent = await saying
    const directAt = await becameDirect
    const answered = sent === undefined ? undefined : await say(cell, 'b', texts[1]).catch(() => undefined)
    return {
      staggerMs,
      deliveredMs: sent === undefined ? null : Math.max(0, sent.at - start),
      path: sent?.path ?? null,
      directMs: directAt === null ? null : Math.max(0, directAt - start),
      broken: answered === undefined ? [] : await lacking(cell, texts),
    }
  } finally {
    await Promise.all(SIDES.map(side => cell.down(side)))
  }
}

/** Runs on one network with one coordinator, whose starts are staggered in turn. */
export async function outcomesOf(
  gridCell: GridCell,
  { runs, staggersMs }: { readonly runs: number; readonly staggersMs: readonly number[] },
): Promise<readonly Outcome[]> {
  const cell = await Cell.open(gridCell.spec)
  const outcomes: Outcome[] = []
  try {
    for (let run = 0; run < runs; run++)
      outcomes.push(await runOnce(cell, gridCell, run, staggersMs[run % staggersMs.length]!))
  } finally {
    await cell.close()
  }
  return outcomes
}

/** What is wrong with a run, as sentences. */
export function faultsOf(how: How, { deliveredMs, path, directMs, broken }: Outcome): readonly string[] {
  const faults = [...broken]
  if (deliveredMs === null) faults.push('the text did not arrive')
  if (!how.startsWith('R') && directMs === null) faults.push('the path did not become direct')
  if (how === 'R' && directMs !== null) faults.push('the path became direct, which it cannot: see the rules')
  if (how === 'R' && deliveredMs !== null && path !== 'relay') faults.push(`the text went by ${path}`)
  return faults
}
