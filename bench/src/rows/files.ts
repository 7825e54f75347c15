/**
 * Long data: one file from a disk to another between two processes, over lines that are short, long, lossy and both,
 * beside what people would use instead and with the same work for all.
 */

import { atLeast, atMost, type Figure, figureOf, type Target } from '../figures.ts'
import { contestOn, type FileRun, type LinePlan, type Score } from '../files/contest.ts'
import type { Contestant } from '../files/contestant.ts'
import { type Share, sharesOf } from '../files/fairness.ts'
import { hyperdht } from '../files/hyperdht.ts'
import { iperf } from '../files/iperf.ts'
import { whyNoLongLine } from '../files/long-line.ts'
import { ntm } from '../files/ntm.ts'
import { type LineScores, writeTable } from '../files/table.ts'
import { CONGESTION_CONTROLS, wireguard } from '../files/wireguard.ts'
import { type Settings, scaled } from '../settings.ts'

interface FilePlan extends LinePlan {
  /** By which it is chosen. */
  readonly part: string
  /** Mb/s that ours shall reach. */
  readonly target: number
}

const LINES: readonly FilePlan[] = [
  { part: 'short', name: '0.3 ms', wish: { roundTripMs: 0 }, mebibytes: 1024, target: 1000 },
  { part: 'long', name: '50 ms', wish: { roundTripMs: 50 }, mebibytes: 512, target: 300 },
  {
    part: 'lossy',
    name: '50 ms, 1 % lost each way',
    wish: { roundTripMs: 50, lossPercent: 1 },
    mebibytes: 200,
    target: 150,
  },
  {
    part: 'longest',
    name: '200 ms, 0.1 % lost each way',
    wish: { roundTripMs: 200, lossPercent: 0.1 },
    mebibytes: 128,
    target: 100,
  },
]
/** Without offload the shortest line is judged by half. */
const PLAIN_TARGET = 500
const CONTESTANTS: readonly Contestant[] = [ntm, hyperdht, wireguard, iperf]
/** Of each process, whatever the file. */
const PEAK_MB = 150
const FAIRNESS = 'fairness'
const figure = figureOf('files')

const targetOf = ({ contestant, contender }: Score, { target }: FilePlan): { readonly target?: Target } => {
  if (contestant !== ntm.name) return {}
  const isPlain = contender.endsWith('without offload')
  return { target: atLeast(isPlain ? Math.min(target, PLAIN_TARGET) : target) }
}

const figuresOf = (plan: FilePlan, score: Score, governing: Score | undefined): readonly Figure[] => {
  const { contestant, contender, isBare, runs } = score
  const cut = runs.filter(run => !run.isWhole).length
  const note = isBare || cut === 0 ? {} : { note: `cut off before the end in ${cut} of ${runs.length} runs` }
  const of = (name: string, unit: string, value: (run: FileRun) => number, more = {}): Figure =>
    figure(`${plan.name}: ${contender}${name}`, unit, runs.map(value), more)
  const rate = of('', 'Mb/s', run => run.megabits, { ...targetOf(score, plan), ...note })
  if (isBare) return [rate]
  const ratios = runs.map((run, at) => run.megabits / (governing?.runs[at]?.megabits ?? Number.NaN))
  const isOurs = contestant === ntm.name
  return [
    rate,
    ...(isOurs
      ? [of(', from when it is asked for', 'Mb/s', run => run.megabitsOnTheLine ?? Number.NaN)]
      : []),
    ...(isOurs && governing !== undefined
      ? [figure(`${plan.name}: ${contender}, hyperdht = 1`, '', ratios, { target: atLeast(1) })]
      : []),
    of(', sender', 'cpu s/GB', run => run.cpuSecondsPerGb.near),
    of(', receiver', 'cpu s/GB', run => run.cpuSecondsPerGb.far),
    of(', sender, peak', 'MB', run => run.peakMb.near, isOurs ? { target: atMost(PEAK_MB) } : {}),
    of(', receiver, peak', 'MB', run => run.peakMb.far, isOurs ? { target: atMost(PEAK_MB) } : {}),
  ]
}

const participants = (only: readonly string[]): readonly Contestant[] =>
  CONTESTANTS.filter(({ name, whyNot }) => {
    const reason = whyNot()
    if (reason !== undefined) console.log(`files: without ${name}, ${reason}`)
    return reason === undefined && (only.length === 0 || only.includes(name))
  })

/** The governing rival stands beside ours once: it is there to show that the line is fair. */
const sharesNow = async (
  contestants: readonly Contestant[],
  settings: Settings,
): Promise<readonly Share[]> => {
  const results: Share[] = []
  if (contestants.includes(ntm)) results.push(...(await sharesOf(ntm, CONGESTION_CONTROLS, settings.runs)))
  if (contestants.includes(hyperdht)) results.push(...(await sharesOf(hyperdht, CONGESTION_CONTROLS, 1)))
  return results
}

const shareFigures = (shares: readonly Share[]): readonly Figure[] =>
  shares.flatMap(({ contender, against, shares: all }) => {
    const name = `100 Mb/s: ${contender}, bytes for each of a kernel flow (${against.toUpperCase()})`
    const isJudged = contender === 'ours' && against === 'bbr'
    if (!isJudged) return [figure(name, '', all)]
    return [
      figure(name, '', all, { target: atLeast(0.5) }),
      figure(`${name}, again`, '', all, { target: atMost(2) }),
    ]
  })

const contest = async (
  plan: FilePlan,
  contestants: readonly Contestant[],
  settings: Settings,
): Promise<LineScores & { readonly figures: readonly Figure[] }> => {
  const mebibytes = scaled(settings, plan.mebibytes)
  const scores = await contestOn({ ...plan, mebibytes }, contestants, settings.runs)
  for (const { contender, runs } of scores)
    console.log(
      `files, ${plan.name}, ${contender}: ${runs.map(({ megabits }) => Math.round(megabits)).join(', ')} Mb/s`,
    )
  const governing = scores.find(({ contestant }) => contestant === hyperdht.name)
  const figures = scores.flatMap(score => figuresOf(plan, score, governing))
  return { line: plan.name, mebibytes, scores, figures }
}

/**
 * Parts that may be named: lines, contestants, `fairness`. Without a line all lines are taken, without a contestant all
 * contestants; `fairness` alone takes no line.
 */
export const filesRow = async (settings: Settings): Promise<readonly Figure[]> => {
  const reason = whyNoLongLine()
  if (reason !== undefined) {
    console.log(`files are skipped: ${reason}`)
    return []
  }
  const { only } = settings
  const chosen = LINES.filter(({ part }) => only.includes(part))
  const named = CONTESTANTS.filter(({ name }) => only.includes(name)).map(({ name }) => name)
  const contestants = participants(named)
  const isFairness = only.includes(FAIRNESS)
  const isOnlyFairness = isFairness && chosen.length + named.length === 0
  const plans = chosen.length > 0 ? chosen : isOnlyFairness ? [] : LINES
  const lines: (LineScores & { readonly figures: readonly Figure[] })[] = []
  for (const plan of plans) lines.push(await contest(plan, contestants, settings))
  const shares = isFairness || only.length === 0 ? await sharesNow(contestants, settings) : []
  console.log(`files: the page is ${await writeTable(lines, shares)}`)
  return [...lines.flatMap(line => line.figures), ...shareFigures(shares)]
}
