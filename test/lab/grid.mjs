/**
 * `npm run lab:grid -- [--runs N] [--stagger 0,200,1000] [--cells NAME,…] [--both] [--report NAME]`: the grid with as
 * many runs a cell as are asked for, and its table in bench/results. A cell is named as in the table (`home × home`)
 * or by one of its sides (`home`).
 */
import { spawnSync } from 'node:child_process'
import { parseArgs } from 'node:util'

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '1' },
    stagger: { type: 'string', default: '0,200,1000' },
    cells: { type: 'string' },
    both: { type: 'boolean', default: false },
    report: { type: 'string', default: 'nat-matrix' },
  },
})
const refuse = sentence => {
  console.error(sentence)
  process.exit(2)
}
if (!/^[1-9]\d{0,5}$/.test(values.runs)) refuse(`--runs takes a number, not "${values.runs}"`)
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
      // Cells beside each other would measure each other.
      LAB_ABREAST: '1',
    },
  },
)
process.exit(status ?? 1)
