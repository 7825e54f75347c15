/**
 * Which seeds a simulation runs: first those that failed once, then a share of all. SIM_SEEDS asks for more,
 * SIM_FROM begins elsewhere. A seed that fails is written down by itself, and runs first forever.
 */
import { readFileSync, writeFileSync } from 'node:fs'

interface FailedSeed {
  readonly suite: string
  readonly seed: number
  readonly why: string
}

const KEPT = new URL('../seeds.json', import.meta.url)
const WHY_MAX_CHARS = 200

const kept = (): readonly FailedSeed[] => JSON.parse(readFileSync(KEPT, 'utf8')) as FailedSeed[]

export function seedsOf(suite: string, usual: number): readonly number[] {
  const failed = kept().flatMap(each => (each.suite === suite ? [each.seed] : []))
  const from = Number(process.env.SIM_FROM ?? 1)
  const count = Number(process.env.SIM_SEEDS ?? usual)
  const share = Array.from({ length: count }, (_, at) => from + at)
  return [...failed, ...share.filter(seed => !failed.includes(seed))]
}

/** Runs one seed; if it fails, it is in `seeds.json` from now on. */
export async function keptIfRed(suite: string, seed: number, run: () => Promise<void>): Promise<void> {
  try {
    await run()
  } catch (error) {
    const before = kept()
    const line = String(error instanceof Error ? error.message : error).split('\n')[0]!
    const entry: FailedSeed = { suite, seed, why: line.slice(0, WHY_MAX_CHARS) }
    const isNew = !before.some(each => each.suite === suite && each.seed === seed)
    if (isNew) writeFileSync(KEPT, `${JSON.stringify([...before, entry], null, 2)}\n`)
    throw error
  }
}
