/**
 * Whether text waits for files: texts one after the other while nothing else goes on, and again while a file goes the
 * same way between the same two nodes as fast as it can. Only texts that were said while the file was under way count.
 */
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Child } from '../child.ts'
import { atMost, type Figure, figureOf, median, quantile } from '../figures.ts'
import { makeFile } from '../files/contest.ts'
import { layLine, whyNoLongLine } from '../files/long-line.ts'
import { call, heard, openPair } from '../files/ntm.ts'
import { amongNeighbours, BOB, withTemporary } from '../neighbourhood.ts'
import { inTurn, type Settings, scaled } from '../settings.ts'

const TEXTS = 300
/** Few enough that a file which ends costs few texts. */
const BATCH = 10
const MEBIBYTES = 1024
const ROUND_TRIP_MS = 50
/** A file that is not there by then is cut off, and the texts that were said count. */
const LIMIT_MS = 60_000
const ALLOWED_TIMES = 3
const figure = figureOf('text-beside-file')

interface Pair {
  readonly alice: Child
  readonly bob: Child
}

interface BesideRun {
  readonly idle: { readonly p50: number; readonly p99: number }
  readonly beside: { readonly p50: number; readonly p99: number }
  /** That were said while the file was under way. */
  readonly texts: number
  readonly megabits: number
}

interface FileDocument {
  readonly id: string
  readonly bytes: number
  readonly doneBytes: number
}

const textsOf = async ({ alice }: Pair, count: number): Promise<readonly number[]> =>
  (await alice.call<{ whole: readonly number[] }>('roundTrips', { to: BOB, count })).whole

const standing = (took: readonly number[]) => ({ p50: median(took), p99: quantile(took, 0.99) })

/** How much of it the other side has; asked twice in a measurement, for whoever asks keeps a node from its work. */
const doneOf = async ({ bob }: Pair, id: string): Promise<number> => {
  const { files } = await call<{ files: readonly FileDocument[] }>(bob, 'file.ls')
  return files.find(file => file.id === id)?.doneBytes ?? 0
}

/** Offered and hashed before; from its first bytes texts are said until there are enough or the file is there. */
const beside = async (pair: Pair, file: string, path: string, count: number) => {
  const { alice, bob } = pair
  const offer = await call<FileDocument>(alice, 'file.send', { to: BOB, path: file, wait: 'offered' })
  await heard(bob, offer.id)
  let isOver = false
  const params = { id: offer.id, path }
  const getting = bob.call('callFor', { method: 'file.get', params, limitMs: LIMIT_MS }).finally(() => {
    isOver = true
  })
  getting.catch(() => undefined)
  let before = 0
  while (!isOver && before === 0) before = await doneOf(pair, offer.id)
  const startedMs = performance.now()
  const took: number[] = []
  while (!isOver && took.length < count) {
    const batch = await textsOf(pair, Math.min(BATCH, count - took.length))
    if (!isOver) took.push(...batch)
  }
  const elapsedMs = performance.now() - startedMs
  const done = await doneOf(pair, offer.id)
  await getting
  return { took, megabits: ((done - before) * 8) / elapsedMs / 1000 }
}

const runsAmong = (settings: Settings, pair: Pair, directory: string): Promise<readonly BesideRun[]> =>
  inTurn(settings.runs, async index => {
    const file = join(directory, `content-${index}`)
    const inbox = join(directory, 'inbox')
    await mkdir(inbox, { recursive: true })
    await makeFile(file, scaled(settings, MEBIBYTES))
    const count = scaled(settings, TEXTS)
    await textsOf(pair, BATCH)
    const idle = await textsOf(pair, count)
    const { took, megabits } = await beside(pair, file, inbox, count)
    await Promise.all([file, inbox].map(path => rm(path, { recursive: true })))
    return { idle: standing(idle), beside: standing(took), texts: took.length, megabits }
  })

const overLongLine = (settings: Settings): Promise<readonly BesideRun[]> =>
  withTemporary(async directory => {
    const line = await layLine({ roundTripMs: ROUND_TRIP_MS }, directory)
    try {
      const pair = await openPair(line, directory, 'on')
      try {
        return await runsAmong(settings, pair, directory)
      } finally {
        await pair.close()
      }
    } finally {
      await line.takeDown()
    }
  })

const figuresOf = (line: string, runs: readonly BesideRun[]): readonly Figure[] => {
  const of = (name: string, unit: string, value: (run: BesideRun) => number, more = {}): Figure =>
    figure(`${line}: ${name}`, unit, runs.map(value), more)
  return [
    of('text p50, idle', 'ms', run => run.idle.p50),
    of('text p50, a file under way', 'ms', run => run.beside.p50),
    of('text p99, idle', 'ms', run => run.idle.p99),
    of('text p99, a file under way', 'ms', run => run.beside.p99),
    of('text p99 with a file, idle = 1', '', run => run.beside.p99 / run.idle.p99, {
      target: atMost(ALLOWED_TIMES),
      note: `of ${runs.map(({ texts }) => texts).join(', ')} texts`,
    }),
    of('the file meanwhile', 'Mb/s', run => run.megabits),
  ]
}

export const textBesideFileRow = async (settings: Settings): Promise<readonly Figure[]> => {
  const near = await amongNeighbours(({ alice, bob, directory }) =>
    runsAmong(settings, { alice, bob }, directory),
  )
  const reason = whyNoLongLine()
  if (reason !== undefined) console.log(`texts beside a file over a long line are skipped: ${reason}`)
  const far = reason === undefined ? await overLongLine(settings) : []
  return [...figuresOf('loopback', near), ...(far.length === 0 ? [] : figuresOf(`${ROUND_TRIP_MS} ms`, far))]
}
