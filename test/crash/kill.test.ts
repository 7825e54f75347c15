/**
 * `kill -9` of any process with a hundred messages under way loses nothing acknowledged and shows nothing twice.
 * KILLS says how many (`npm run kill -- --n 500`), SEED where the drawing starts. The system keeps what a killed
 * process has written, synced or not: what only a power loss takes is for the simulator.
 */
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'
import { killTheRest } from '../cli/program.ts'
import { brokenPromises } from './ledger.ts'
import { Saga } from './saga.ts'

const KILLS = Number(process.env.KILLS ?? 10)
const SEED = Number(process.env.SEED ?? 1)
/** A saga's logs grow with each round; its end looks at all of them. */
const ROUNDS_MAX = 25
const ROUND_TIMEOUT_MS = 90_000

/** Rounds in which a planted fault must have been found. */
const PLANTED_ROUNDS_MAX = 4

afterAll(killTheRest)

const sagas = Array.from({ length: Math.ceil(KILLS / ROUNDS_MAX) }, (_, n) => ({
  seed: SEED + n,
  rounds: Math.min(ROUNDS_MAX, KILLS - n * ROUNDS_MAX),
}))

describe.each(sagas)('seed $seed, $rounds kills', ({ seed, rounds }) => {
  test('keep every promise', { timeout: (rounds + 2) * ROUND_TIMEOUT_MS }, async () => {
    const saga = new Saga(seed)
    try {
      await saga.begin()
      for (let round = 0; round < rounds; round++) await saga.round()
      const ending = await saga.end()
      expect(brokenPromises(ending)).toEqual([])
      for (const log of ending.logs)
        expect(log).toMatchObject('ok' in log ? { ok: true } : { matchesLive: true })
      expect(ending.acknowledged.size).toBeGreaterThan(rounds * 10)
      const underWay = saga.hits.filter(count => count > 0).length
      expect(underWay).toBeGreaterThanOrEqual(Math.floor(rounds / 2))
      console.log(
        `seed ${seed}: ${rounds} kills, ${underWay} of them with messages under way (${saga.hits.join(' ')}),`,
        `${ending.acknowledged.size} acknowledged, none lost`,
      )
    } finally {
      await saga.close()
    }
  })
})

test('a disk that answers before it writes is found out', {
  timeout: (PLANTED_ROUNDS_MAX + 2) * ROUND_TIMEOUT_MS,
}, async () => {
  const fault = pathToFileURL(join(import.meta.dirname, 'hasty-disk.mjs')).href
  const saga = new Saga(SEED, { NODE_OPTIONS: `--import=${fault}` })
  const rounds = async (): Promise<void> => {
    await saga.begin()
    for (let round = 0; round < PLANTED_ROUNDS_MAX; round++) await saga.round()
  }
  try {
    await expect(rounds()).rejects.toThrow(/, killed, lacks [1-9]\d* acknowledged texts/)
  } finally {
    await saga.close()
  }
})
