/** The figures for people as a table, and for later as a file named by date and commit. */
import { mkdir, writeFile } from 'node:fs/promises'
import { loadavg } from 'node:os'
import { fileURLToPath } from 'node:url'
import { type Figure, isReached } from './figures.ts'
import type { Machine } from './machine.ts'
import type { Settings } from './settings.ts'

/** From bench/dist/bench/src, where this runs. */
const RESULTS = new URL('../../../results/', import.meta.url)

const shown = (value: number): string => {
  if (Number.isNaN(value)) return '-'
  if (Math.abs(value) >= 1000) return Math.round(value).toLocaleString('en')
  return value.toPrecision(3)
}

const lineOf = (figure: Figure): readonly string[] => {
  const { row, name, unit, value, target, runs } = figure
  const wanted = target === undefined ? '' : `${target.is} ${shown(target.value)}`
  const reached = isReached(figure)
  const verdict = reached === undefined ? '' : reached ? 'pass' : 'SHORT'
  const spread = runs.length < 2 ? '' : `${shown(Math.min(...runs))} - ${shown(Math.max(...runs))}`
  return [row, name, `${shown(value)} ${unit}`, wanted, verdict, spread]
}

const HEAD = ['row', 'figure', 'median', 'target', '', 'of all runs']

export const print = (figures: readonly Figure[]): void => {
  const lines = [HEAD, ...figures.map(lineOf)]
  const widths = HEAD.map((_, column) => Math.max(...lines.map(line => line[column]!.length)))
  for (const line of lines)
    console.log(
      line
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join('  ')
        .trimEnd(),
    )
  console.log()
}

/** Resolves with the path of the file. */
export const keep = async (
  machine: Machine,
  settings: Settings,
  measured: { readonly figures: readonly Figure[]; readonly failed: readonly string[] },
): Promise<string> => {
  await mkdir(RESULTS, { recursive: true })
  const name = `${machine.date.slice(0, 16).replaceAll(':', '')}-${machine.commit}.json`
  const path = fileURLToPath(new URL(name, RESULTS))
  const figures = measured.figures.map(figure => ({ ...figure, reached: isReached(figure) }))
  const result = { machine: { ...machine, loadAfter: loadavg() }, settings, failed: measured.failed, figures }
  await writeFile(path, `${JSON.stringify(result, undefined, 2)}\n`)
  return path
}
