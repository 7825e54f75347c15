/**
 * Who meets whom, and how: every pair that can be direct becomes direct, and all others talk over a relay. One run a
 * cell by default; `npm run lab:grid` asks for more by the environment (LAB_RUNS, LAB_STAGGER, LAB_CELLS, LAB_BOTH,
 * LAB_ABREAST) and has the report written (LAB_REPORT), or what it lacks added to it (LAB_RESUME).
 */
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { killTheRest, ROOT } from '../../cli/program.ts'
import { tellLeftOut, whyNoLab } from '../machine.ts'
import { type GridCell, gridCells } from './cells.ts'
import { circumstances } from './circumstances.ts'
import { figuresOf } from './figures.ts'
import { seconds } from './judgement.ts'
import { faultsOf } from './outcome.ts'
import { watchProcessors } from './processors.ts'
import { Report } from './report.ts'
import { outcomesOf } from './run.ts'

const RUNS = Number(process.env.LAB_RUNS ?? 1)
const STAGGERS_MS = (process.env.LAB_STAGGER ?? '0').split(',').map(Number)
const ABREAST = Number(process.env.LAB_ABREAST ?? 3)
const WANTED = process.env.LAB_CELLS?.split(',').map(name => name.trim())
const REPORT = process.env.LAB_REPORT
const RUN_TIMEOUT_MS = 90_000
/** Of runs that may fail where ports are guessed. A single one may not, as tries go on for a while. */
const MAY_FAIL: Partial<Record<GridCell['how'], number>> = { B: 0.05, P: 0.1 }

const reason = tellLeftOut('grid', whyNoLab())
const made = circumstances({ runs: RUNS, staggersMs: STAGGERS_MS, abreast: ABREAST })
// A report may have cells that are called by either side.
const names = [...gridCells({ both: true }), ...gridCells()].map(({ name }) => name)
const report =
  REPORT === undefined ? undefined : new Report(join(ROOT, 'bench', 'results'), REPORT, [...new Set(names)])
const isDone = ({ name }: GridCell): boolean =>
  process.env.LAB_RESUME === '1' && report?.has(name, made) === true
const wanted = gridCells({ both: process.env.LAB_BOTH === '1' }).filter(
  ({ name, row, column }) => !WANTED || WANTED.some(one => [name, row, column].includes(one)),
)
const cells = wanted.filter(cell => !isDone(cell))
let done = 0

afterAll(killTheRest)

it.runIf(cells.length === 0)('all cells of these names are in the report', () => {
  if (wanted.length === 0) throw new Error(`no cell is called ${WANTED}`)
})

describe.skipIf(cells.length === 0 || reason !== undefined)('of the grid', { concurrent: true }, () => {
  it.each(cells.map(cell => [cell.name, cell] as const))(
    '%s',
    { timeout: RUNS * RUN_TIMEOUT_MS },
    async (_, cell) => {
      const { name, row, column, how } = cell
      const from = Date.now()
      const busyShare = watchProcessors()
      const outcomes = await outcomesOf(cell, { runs: RUNS, staggersMs: STAGGERS_MS })
      const result = { cell: { name, row, column, how }, made, outcomes }
      report?.add({ ...result, busyShare: busyShare(), tookMs: Date.now() - from })
      const { word, good, medianMs, deliveredMedianMs } = figuresOf(result)
      const times = `${seconds(medianMs)}, first text ${seconds(deliveredMedianMs)}`
      console.log(`${++done} of ${cells.length}: ${name} (${how}): ${word} ${good}/${RUNS}, ${times}`)
      const faults = outcomes.map(outcome => faultsOf(how, outcome).join('; ')).filter(fault => fault !== '')
      expect(faults.slice(Math.floor(RUNS * (MAY_FAIL[how] ?? 0)))).toEqual([])
    },
  )
})
