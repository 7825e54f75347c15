/**
 * Long data: one file from a disk to another between two processes, over lines that are short, long, lossy and both,
 * beside what people would use instead and with the same work for all.
 */

import { type Figure, figureOf } from '../figures.ts'
import { contestOn, type FileRun, type LinePlan, type Score } from '../files/contest.ts'
import type { Contestant } from '../files/contestant.ts'
import { hyperdht } from '../files/hyperdht.ts'
import { iperf } from '../files/iperf.ts'
import { whyNoLongLine } from '../files/long-line.ts'
import { ntm } from '../files/ntm.ts'
import { wireguard } from '../files/wireguard.ts'
import { type Settings, scaled } from '../settings.ts'

const LINES: readonly LinePlan[] = [
  { name: '0.3 ms', wish: { roundTripMs: 0 }, mebibytes: 1024 },
  { name: '50 ms', wish: { roundTripMs: 50 }, mebibytes: 512 },
  { name: '50 ms, 1 % lost each way', wish: { roundTripMs: 50, lossPercent: 1 }, mebibytes: 200 },
  { name: '200 ms, 0.1 % lost each way', wish: { roundTripMs: 200, lossPercent: 0.1 }, mebibytes: 128 },
]
const CONTESTANTS: readonly Contestant[] = [ntm, hyperdht, wireguard, iperf]
const figure = figureOf('files')

const figuresOf = (line: string, { contender, isBare, runs }: Score): readonly Figure[] => {
  const cut = runs.filter(run => !run.isWhole).length
  const note = isBare || cut === 0 ? {} : { note: `cut off before the end in ${cut} of ${runs.length} runs` }
  const of = (name: string, unit: string, value: (run: FileRun) => number): Figure =>
    figure(`${line}: ${contender}${name}`, unit, runs.map(value))
  const rate = figure(
    `${line}: ${contender}`,
    'Mb/s',
    runs.map(run => run.megabits),
    note,
  )
  if (isBare) return [rate]
  return [
    rate,
    of(', sender', 'cpu s/GB', run => run.cpuSecondsPerGb.near),
    of(', receiver', 'cpu s/GB', run => run.cpuSecondsPerGb.far),
    of(', sender, peak', 'MB', run => run.peakMb.near),
    of(', receiver, peak', 'MB', run => run.peakMb.far),
  ]
}

const participants = (only: readonly string[]): readonly Contestant[] =>
  CONTESTANTS.filter(({ name, whyNot }) => {
    const reason = whyNot()
    if (reason !== undefined) console.log(`files: without ${name}, ${reason}`)
    return reason === undefined && (only.length === 0 || only.includes(name))
  })

export const filesRow = async (settings: Settings): Promise<readonly Figure[]> => {
  const reason = whyNoLongLine()
  if (reason !== undefined) {
    console.log(`files are skipped: ${reason}`)
    return []
  }
  const figures: Figure[] = []
  for (const plan of LINES) {
    const mebibytes = scaled(settings, plan.mebibytes)
    const scores = await contestOn({ ...plan, mebibytes }, participants(settings.only), settings.runs)
    for (const { contender, runs } of scores)
      console.log(
        `files, ${plan.name}, ${contender}: ${runs.map(({ megabits }) => Math.round(megabits)).join(', ')} Mb/s`,
      )
    figures.push(...scores.flatMap(score => figuresOf(plan.name, score)))
  }
  return figures
}
