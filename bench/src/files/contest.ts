/** All contenders on one line by turns, the same file for each: how fast, and what it cost either end. */
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { join } from 'node:path'
import sodium from 'sodium-native'
import { withTemporary } from '../neighbourhood.ts'
import { cpuUs, peakMb } from '../process-cost.ts'
import { inTurn } from '../settings.ts'
import type { Contender, Contestant, Opened } from './contestant.ts'
import { type LineWish, layLine } from './long-line.ts'

const CHUNK_BYTES = 1024 * 1024
/** What a contender has not moved by then is cut off: its rate is known. */
const LIMIT_MS = 15_000

export interface LinePlan {
  readonly name: string
  readonly wish: LineWish
  readonly mebibytes: number
}

export interface FileRun {
  readonly megabits: number
  /** The same without what precedes the transfer, where something does. */
  readonly megabitsOnTheLine?: number
  /** Whether the whole file was moved. */
  readonly isWhole: boolean
  /** All processes of each end. */
  readonly cpuSecondsPerGb: { readonly near: number; readonly far: number }
  readonly peakMb: { readonly near: number; readonly far: number }
}

export interface Score {
  readonly contestant: string
  readonly contender: string
  readonly isBare: boolean
  readonly runs: readonly FileRun[]
}

export const makeFile = async (path: string, mebibytes: number): Promise<void> => {
  const out = createWriteStream(path)
  for (let made = 0; made < mebibytes; made += 1) {
    const chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES * Math.min(1, mebibytes - made))
    sodium.randombytes_buf(chunk)
    if (!out.write(chunk)) await once(out, 'drain')
  }
  out.end()
  await once(out, 'close')
}

const sumOf = (pids: readonly number[], of: (pid: number) => number): number =>
  pids.reduce((sum, pid) => sum + of(pid), 0)

const runOnce = async ({ pids, move }: Contender, file: string, bytes: number): Promise<FileRun> => {
  const cpuBefore = { near: sumOf(pids.near, cpuUs), far: sumOf(pids.far, cpuUs) }
  const moved = await move(file, LIMIT_MS)
  const perGb = (end: 'near' | 'far'): number =>
    (sumOf(pids[end], cpuUs) - cpuBefore[end]) / 1e6 / (moved.bytes / 1e9)
  const rate = (ms: number): number => (moved.bytes * 8) / ms / 1000
  const { withoutOfferMs } = moved
  return {
    megabits: rate(moved.tookMs),
    ...(withoutOfferMs === undefined ? {} : { megabitsOnTheLine: rate(withoutOfferMs) }),
    isWhole: moved.bytes >= bytes,
    cpuSecondsPerGb: { near: perGb('near'), far: perGb('far') },
    peakMb: { near: sumOf(pids.near, peakMb), far: sumOf(pids.far, peakMb) },
  }
}

/** One that fails shall not take the others with it; it counts as nothing moved. */
const runOrNothing = async (contender: Contender, file: string, bytes: number): Promise<FileRun> => {
  try {
    return await runOnce(contender, file, bytes)
  } catch (error) {
    console.error(`files: ${contender.name} failed:`, error)
    const none = { near: Number.NaN, far: Number.NaN }
    return { megabits: 0, isWhole: false, cpuSecondsPerGb: none, peakMb: none }
  }
}

interface Opening extends Opened {
  readonly contestant: string
}

const openAll = async (
  contestants: readonly Contestant[],
  open: (contestant: Contestant) => Promise<Opened>,
): Promise<readonly Opening[]> => {
  const opened: Opening[] = []
  for (const contestant of contestants) {
    try {
      opened.push({ contestant: contestant.name, ...(await open(contestant)) })
    } catch (error) {
      console.error(`files: ${contestant.name} does not take part:`, error)
    }
  }
  return opened
}

/** So many runs of each, by turns, so that all meet the same machine. */
export const contestOn = (
  plan: LinePlan,
  contestants: readonly Contestant[],
  runs: number,
): Promise<readonly Score[]> =>
  withTemporary(async directory => {
    const file = join(directory, 'content')
    await makeFile(file, plan.mebibytes)
    const line = await layLine(plan.wish, directory)
    const opened = await openAll(contestants, contestant => contestant.open(line, directory))
    const scores = opened.flatMap(({ contestant, contenders }) =>
      contenders.map(contender => ({ contestant, contender, runs: [] as FileRun[] })),
    )
    try {
      await inTurn(runs, async () => {
        for (const { contender, runs: scored } of scores)
          scored.push(await runOrNothing(contender, file, plan.mebibytes * CHUNK_BYTES))
      })
    } finally {
      for (const { close } of opened) await close()
      await line.takeDown()
    }
    return scores.map(({ contestant, contender, runs: scored }) => ({
      ...{ contestant, contender: contender.name, isBare: contender.isBare ?? false, runs: scored },
    }))
  })
