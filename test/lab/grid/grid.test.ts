/**
 * Who meets whom, and how: every pair that can be direct becomes direct, and all others talk over a relay. One run a
 * cell by default; `npm run lab:grid` asks for more by the environment (LAB_RUNS, LAB_STAGGER, LAB_CELLS, LAB_BOTH)
 * and has the table written (LAB_REPORT), one cell at a time; otherwise several are under way, as they mostly wait.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { killTheRest, ROOT } from '../../cli/program.ts'
import { tellLeftOut, whyNoLab } from '../machine.ts'
import { runnable } from '../needs.ts'
import { gridCells } from './cells.ts'
import { circumstances } from './circumstances.ts'
import { type CellResult, figuresOf, htmlOf, markdownOf } from './matrix.ts'
import { faultsOf } from './outcome.ts'
import { outcomesOf } from './run.ts'

const RUNS = Number(process.env.LAB_RUNS ?? 1)
const STAGGERS_MS = (process.env.LAB_STAGGER ?? '0').split(',').map(Number)
const WANTED = process.env.LAB_CELLS
const REPORT = process.env.LAB_REPORT
const RUN_TIMEOUT_MS = 90_000

const reason = tellLeftOut('grid', whyNoLab())
const wanted = WANTED?.split(',').map(name => name.trim())
const cells = runnable('grid', gridCells({ both: process.env.LAB_BOTH === '1' })).filter(
  ({ name, row, column }) => wanted === undefined || wanted.some(one => [name, row, column].includes(one)),
)

const results: CellResult[] = []

afterAll(async () => {
  await killTheRest()
  if (REPORT === undefined || results.length === 0) return
  results.sort((one, other) => cells.indexOf(one.cell) - cells.indexOf(other.cell))
  const made = circumstances(RUNS, STAGGERS_MS)
  const directory = join(ROOT, 'bench', 'results')
  mkdirSync(directory, { recursive: true })
  writeFileSync(join(directory, `${REPORT}.md`), markdownOf(results, made))
  writeFileSync(join(directory, `${REPORT}.html`), htmlOf(results, made))
})

describe.skipIf(reason !== undefined)('of the grid', { concurrent: true }, () => {
  it.each(cells.map(cell => [cell.name, cell] as const))(
    '%s',
    { timeout: RUNS * RUN_TIMEOUT_MS },
    async (_, cell) => {
      const result = { cell, outcomes: await outcomesOf(cell, { runs: RUNS, staggersMs: STAGGERS_MS }) }
      results.push(result)
      const { word, medianMs, deliveredMedianMs } = figuresOf(result)
      console.log(`${cell.name} (${cell.how}): ${word}, ${medianMs} ms, first text ${deliveredMedianMs} ms`)
      // Where ports are guessed, a run in twenty may fail; a single one may not, as tries go on for a while.
      const allowed = cell.how === 'B' ? Math.floor(RUNS / 20) : cell.how === 'P' ? Math.floor(RUNS / 10) : 0
      const faults = result.outcomes.map(outcome => faultsOf(cell.how, outcome).join('; '))
      expect(faults.filter(fault => fault !== '').slice(allowed)).toEqual([])
    },
  )
})
