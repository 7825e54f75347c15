/** `npm run sim -- --seeds N [--from SEED]`: the simulations with as many seeds as are asked for. */
import { spawnSync } from 'node:child_process'
import { parseArgs } from 'node:util'

const { values } = parseArgs({
  options: { seeds: { type: 'string', default: '500' }, from: { type: 'string', default: '1' } },
})
for (const [name, text] of Object.entries(values))
  if (!/^[1-9]\d{0,8}$/.test(text)) {
    console.error(`--${name} takes a number, not "${text}"`)
    process.exit(2)
  }

const { status } = spawnSync(
  'npx',
  ['vitest', 'run', '--config', 'test/vitest.config.ts', '--project', 'sim'],
  {
    stdio: 'inherit',
    env: { ...process.env, SIM_SEEDS: values.seeds, SIM_FROM: values.from },
  },
)
process.exit(status ?? 1)
