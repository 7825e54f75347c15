/** What the contest of files came to, as a page for people: `bench/results/files.md`. */
import { writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { median } from '../figures.ts'
import { describeMachine } from '../machine.ts'
import type { FileRun, Score } from './contest.ts'
import type { Share } from './fairness.ts'

/** From bench/dist/bench/src/files, where this runs. */
const PAGE = fileURLToPath(new URL('../../../../results/files.md', import.meta.url))

export interface LineScores {
  readonly line: string
  readonly mebibytes: number
  readonly scores: readonly Score[]
}

const medianOf = (runs: readonly FileRun[], value: (run: FileRun) => number): number =>
  median(runs.map(value))

const shown = (value: number): string => (value >= 100 ? value.toFixed(0) : value.toPrecision(2))

const rowOf = ({ contender, isBare, runs }: Score, governing: number | undefined): string => {
  const rate = medianOf(runs, run => run.megabits)
  const all = runs.map(run => shown(run.megabits)).join(', ')
  const ratio = governing === undefined || isBare ? '' : shown(rate / governing)
  const costs = isBare
    ? ['', '', '', '']
    : [
        shown(medianOf(runs, run => run.cpuSecondsPerGb.near)),
        shown(medianOf(runs, run => run.cpuSecondsPerGb.far)),
        shown(medianOf(runs, run => run.peakMb.near)),
        shown(medianOf(runs, run => run.peakMb.far)),
      ]
  const cut = runs.some(run => !run.isWhole) && !isBare ? ' (cut off)' : ''
  return `| ${[`${contender}${cut}`, shown(rate), all, ratio, ...costs].join(' | ')} |`
}

const HEAD = `| | Mb/s, median | of all runs | hyperdht = 1 | cpu s/GB, sender | receiver | peak MB, sender | receiver |
|---|---|---|---|---|---|---|---|`

const sectionOf = ({ line, mebibytes, scores }: LineScores): string => {
  const rival = scores.find(({ contestant }) => contestant === 'hyperdht')
  const governing = rival && medianOf(rival.runs, run => run.megabits)
  const rows = scores.map(score => rowOf(score, governing))
  return [`## ${line}, ${mebibytes} MiB`, '', HEAD, ...rows].join('\n')
}

const sharesSection = (shares: readonly Share[]): string =>
  shares.length === 0
    ? ''
    : [
        '## Sharing 100 Mb/s, 50 ms, a queue of one bandwidth-delay product\n',
        '| | against one kernel flow of | bytes for each of its bytes, median | of all runs |\n|---|---|---|---|',
        ...shares.map(
          ({ contender, against, shares: all }) =>
            `| ${contender} | ${against.toUpperCase()} | ${shown(median(all))} | ${all.map(shown).join(', ')} |`,
        ),
      ].join('\n')

export const writeTable = async (lines: readonly LineScores[], shares: readonly Share[]): Promise<string> => {
  const { date, commit, cpu, cores, kernel, node, disk, loadBefore } = await describeMachine(undefined)
  const machine = `${cores} cores of ${cpu}, Linux ${kernel}, Node ${node}, ${disk}; load ${loadBefore.map(shown).join(', ')}`
  const page = [
    '# Files, side by side',
    `One file from a disk to another between two processes in two network namespaces, verified by SHA-256 and synced. ${date.slice(0, 16)} UTC, ${commit}, ${machine}. Written by \`npm run bench -- files\`.`,
    ...lines.map(sectionOf),
    sharesSection(shares),
  ]
  await writeFile(PAGE, `${page.filter(part => part !== '').join('\n\n')}\n`)
  return PAGE
}
