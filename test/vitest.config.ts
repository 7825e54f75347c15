/** One configuration, several projects: `npm test` runs everything that needs no privileges and no network. */
import { defineConfig } from 'vitest/config'

const suite = (name: string, include: string[], testTimeoutMs = 20_000, globalSetup: string[] = []) => ({
  test: { name, include, testTimeout: testTimeoutMs, hookTimeout: testTimeoutMs, globalSetup },
})

/** For suites that start the program. */
const BUILT = ['test/support/fresh-build.ts']

export default defineConfig({
  test: {
    pool: 'forks',
    projects: [
      suite('tidy', ['test/tidy/**/*.test.ts'], 60_000),
      suite('unit', ['test/{events,wire,store,kernel,plugins,client,screen,vectors,fixtures}/**/*.test.ts']),
      suite('contract', ['test/contract/**/*.test.ts']),
      suite('scenario', ['test/scenario/**/*.test.ts'], 60_000),
      suite('sim', ['test/sim/**/*.test.ts'], 300_000),
      suite('abuse', ['test/abuse/**/*.test.ts'], 120_000),
      suite('crash', ['test/crash/**/*.test.ts'], 120_000, BUILT),
      suite('cli', ['test/cli/**/*.test.ts'], 120_000, BUILT),
    ],
  },
})
