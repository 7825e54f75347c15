/** `npm run kill -- --n N [--seed S]`: the crash tests with as many kills as asked for. */
import { spawnSync } from 'node:child_process'
import { parseArgs } from 'node:util'

const { values } = parseArgs({
  options: { n: { type: 'string', default: '50' }, seed: { type: 'string', default: '1' } },
})
for (const [name, text] of Object.entries(values))
  if (!/^[1-9]\d{0,8}$/.test(text)) {
    console.error(`--${name} takes a number, not "${text}"`)
    process.exit(2)
  }

const { status } = spawnSync(
  process.execPath,
  ['node_modules/vitest/vitest.mjs', 'run', '--config', 'test/vitest.config.ts', '--project', 'crash'],
  { stdio: 'inherit', env: { ...process.env, KILLS: values.n, SEED: values.seed } },
)
process.exit(status ?? 1)
