/**
 * `npm run lab:grid -- [--runs N] [--stagger 0,200,1000] [--cells NAME,…] [--both] [--abreast N] [--report NAME]
 * [--resume]`: the grid with as many runs a cell as are asked for, and its report in bench/results, written anew with
 * every cell that is done. A cell is named as in the table (`home × home`) or by one of its sides (`home`); what the
 * report has of other cells stays. `--resume` leaves out what it has of this very commit, machine and number of runs.
 */
import { spawnSync } from 'node:child_process'
import { parseArgs } from 'node:util'

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '1' },
    stagger: { type: 'string', default: '0,200,1000' },
    cells: { type: 'string' },
    both: { type: 'boolean', default: false },
    // A run mostly waits; so many keep two processors busy for as long as they let starts through (grid/processors.ts).
    abreast: { type: 'string', default: '12' },
    report: { type: 'string', default: 'nat-matrix' },
    resume: { type: 'boolean', default: false },
  },
})
const refuse = sentence => {
  console.error(sentence)
  process.exit(2)
}
for (const [name, ceiling] of [
  ['runs', 6],
  ['abreast', 2],
])
  if (!/^[1-9]\d*$/.test(values[name]) || values[name].length > ceiling)
    refuse(`--${name} takes a number, not "${values[name]}"`)
if (!/^\d+(,\d+)*$/.test(values.stagger))
  refuse(`--stagger takes milliseconds separated by commas, not "${values.stagger}"`)
if (!/^[\w.-]+$/.test(values.report)) refuse(`--report takes the name of a file, not "${values.report}"`)

const config = ['--config', 'test/lab/vitest.config.ts']
const { status } = spawnSync(
  process.execPath,
  ['node_modules/vitest/vitest.mjs', 'run', ...config, 'test/lab/grid/grid.test.ts'],
  {
    stdio: 'inherit',
    env: {
      ...process.env,
      LAB_RUNS: values.runs,
      LAB_STAGGER: values.stagger,
      ...(values.cells === undefined ? {} : { LAB_CELLS: values.cells }),
      LAB_BOTH: values.both ? '1' : '0',
      LAB_REPORT: values.report,
      LAB_RESUME: values.resume ? '1' : '0',
      LAB_ABREAST: values.abreast,
    },
  },
)
process.exit(status ?? 1)
