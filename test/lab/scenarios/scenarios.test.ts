/**
 * Two people talk while something happens to the network between them. Whatever it is: what they said arrives, once
 * and in order, at both, and no silence was several times longer than the aim, beside which it is printed. They mostly wait, so several
 * play at a time; for figures that mean something have one play at a time (LAB_ABREAST=1).
 */
import { afterAll, describe, expect, it } from 'vitest'
import { killTheRest } from '../../cli/program.ts'
import { tellLeftOut, whyNoDelayLine, whyNoLab } from '../machine.ts'
import { Cell } from '../people/cell.ts'
import { FAILING } from './failing.ts'
import { FAR } from './far.ts'
import { WITH_A_FILE } from './files.ts'
import { MOVING } from './moving.ts'
import { aimText, type Scenario, silenceMaxMs } from './scenario.ts'
import { Stage } from './stage.ts'

const reason = tellLeftOut('scenarios', whyNoLab())
const noLine = reason ?? tellLeftOut('scenarios over long lines', whyNoDelayLine())

const SCENARIO_TIMEOUT_MS = 180_000

/** Of those under way: a test whose time is over does not close its own. */
const open = new Set<Cell>()
afterAll(async () => {
  await Promise.all([...open].map(cell => cell.close()))
  await killTheRest()
})

const play = async (scenario: Scenario): Promise<void> => {
  const { play, name } = scenario
  const cell = await Cell.open(scenario.cell)
  open.add(cell)
  try {
    await scenario.before?.(cell.network)
    const stage = await Stage.set(cell)
    const broken = await play(stage)
      .then(() => stage.end())
      .finally(() => console.log(`${name}: ${stage.figures() || 'no figures'} (aim: ${aimText(scenario)})`))
    expect(broken, cell.complaints()).toEqual([])
    expect(stage.longestMs, 'the longest silence, ms').toBeLessThanOrEqual(silenceMaxMs(scenario))
    expect(stage.talk.count).toBeGreaterThan(1)
  } finally {
    open.delete(cell)
    await cell.close()
  }
}

const named = (scenarios: readonly Scenario[]) =>
  scenarios.map(scenario => [scenario.name, scenario] as const)

describe.skipIf(reason !== undefined)(
  'everything arrives, once and in order, when',
  { concurrent: true },
  () => {
    it.each(named([...MOVING, ...FAILING]))('%s', { timeout: SCENARIO_TIMEOUT_MS }, (_, scenario) =>
      play(scenario),
    )
  },
)

describe.skipIf(noLine !== undefined)(
  'everything arrives, once and in order, over long lines, when',
  { concurrent: true },
  () => {
    it.each(named([...FAR, ...WITH_A_FILE]))('%s', { timeout: SCENARIO_TIMEOUT_MS }, (_, scenario) =>
      play(scenario),
    )
  },
)
