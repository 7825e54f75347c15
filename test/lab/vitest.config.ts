/** Real processes behind real kernel NATs. Needs root and the Debian packages iproute2, nftables and conntrack. */
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    name: 'lab',
    include: ['test/lab/**/*.test.ts'],
    testTimeout: 90_000,
    hookTimeout: 60_000,
    fileParallelism: false,
    maxConcurrency: Number(process.env.LAB_ABREAST ?? 3),
    globalSetup: ['test/support/fresh-build.ts', 'test/lab/sweep.ts'],
  },
})
