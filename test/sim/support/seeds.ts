/**
 * Which seeds a simulation runs: first those that failed once, then a few of this run. SIM_SEEDS asks for more,
 * SIM_FROM begins elsewhere.
 */
import { readFileSync } from 'node:fs'

interface FailedSeed {
  readonly suite: string
  readonly seed: number
  readonly why: string
}

const KEPT = new URL('../seeds.json', import.meta.url)

export function seedsOf(suite: string, usual: number): readonly number[] {
  const failed = (JSON.parse(readFileSync(KEPT, 'utf8')) as FailedSeed[]).filter(each => each.suite === suite)
  const from = Number(process.env.SIM_FROM ?? 1)
  const count = Number(process.env.SIM_SEEDS ?? usual)
  return [...failed.map(({ seed }) => seed), ...Array.from({ length: count }, (_, at) => from + at)]
}
