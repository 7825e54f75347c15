/**
 * Two people talk while something happens to the network between them. Whatever it is: what they said arrives, once
 * and in order, at both. How long the longest silence was is printed beside the aim.
 */
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { killTheRest } from '../../cli/program.ts'
import { tellLeftOut, whyNoDelayLine, whyNoLab } from '../machine.ts'
import { runnable } from '../needs.ts'
import { Cell } from '../people/cell.ts'
import { FAILING } from './failing.ts'
import { FAR } from './far.ts'
import { MOVING } from './moving.ts'
import type { Scenario } from './scenario.ts'
import { Stage } from './stage.ts'

const reason = tellLeftOut('scenarios', whyNoLab())
const noLine = reason ?? tellLeftOut('scenarios over long lines', whyNoDelayLine())

const SCENARIO_TIMEOUT_MS = 180_000

afterAll(killTheRest)

let cell: Cell | undefined
afterEach(async () => {
  await cell?.close()
  cell = undefined
})

const play = async ({ cell: options, aim, play, name }: Scenario): Promise<void> => {
  cell = await Cell.open(options)
  const stage = await Stage.set(cell)
  let broken: readonly string[]
  try {
    await play(stage)
    broken = await stage.end()
  } finally {
    console.log(`${name}: ${stage.figures() || 'no figures'} (aim: ${aim})`)
  }
  expect(broken, cell.complaints()).toEqual([])
  expect(stage.talk.count).toBeGreaterThan(1)
}

const named = (scenarios: readonly Scenario[]) =>
  scenarios.map(scenario => [scenario.name, scenario] as const)

describe.skipIf(reason !== undefined)('everything arrives, once and in order, when', () => {
  it.each(named(runnable('scenarios', [...MOVING, ...FAILING])))(
    '%s',
    { timeout: SCENARIO_TIMEOUT_MS },
    (_, scenario) => play(scenario),
  )
})

describe.skipIf(noLine !== undefined)('everything arrives, once and in order, over long lines, when', () => {
  it.each(named(runnable('scenarios over long lines', FAR)))(
    '%s',
    { timeout: SCENARIO_TIMEOUT_MS },
    (_, scenario) => play(scenario),
  )
})
