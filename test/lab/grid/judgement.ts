/** What was asked of the grid, and whether it is so: each claim is judged by the cell that is worst at it. */
import type { How } from './cells.ts'
import { type AgainFigures, againOf, type CellResult, type Figures, figuresOf } from './figures.ts'

export interface Verdict {
  readonly claim: string
  readonly seen: string
  /** Undefined: no cell says anything of it. */
  readonly holds: boolean | undefined
}

/** A round trip to a relay of the laboratory takes less than 1 ms: the rest is work, on a machine that others use too. */
const TEXT_BY_RELAY_WITHIN_MS = 250
const GUESSED_WITHIN_MS = 1_000

interface Counted {
  readonly name: string
  readonly good: number
  readonly of: number
}
interface Timed {
  readonly name: string
  readonly ms: number
}

export const seconds = (ms: number | null): string => {
  if (ms === null) return '–'
  return Number.isFinite(ms) ? `${(ms / 1_000).toFixed(2)} s` : 'never'
}

const judgeShare = (claim: string, share: number, cells: readonly Counted[]): Verdict => {
  const worst = [...cells].sort((one, other) => one.good / one.of - other.good / other.of)[0]
  if (worst === undefined) return { claim, seen: 'nothing', holds: undefined }
  const good = cells.reduce((sum, cell) => sum + cell.good, 0)
  const of = cells.reduce((sum, cell) => sum + cell.of, 0)
  const least = good === of ? '' : `, least ${worst.good}/${worst.of} (${worst.name})`
  return {
    claim,
    seen: `${good}/${of} in ${cells.length} cells${least}`,
    holds: worst.good >= share * worst.of,
  }
}

const judgeTime = (claim: string, withinMs: number, cells: readonly Timed[]): Verdict => {
  const worst = [...cells].sort((one, other) => other.ms - one.ms)[0]
  if (worst === undefined) return { claim, seen: 'nothing', holds: undefined }
  const best = Math.min(...cells.map(({ ms }) => ms))
  return {
    claim,
    seen: `${seconds(best)} to ${seconds(worst.ms)} (${worst.name})`,
    holds: worst.ms <= withinMs,
  }
}

export function verdictsOf(results: readonly CellResult[]): readonly Verdict[] {
  const all = results.map(result => ({ result, figures: figuresOf(result), ...result.cell }))
  const of = (...hows: readonly How[]) => all.filter(({ how }) => hows.includes(how))
  const counted = (cells: typeof all): readonly Counted[] =>
    cells.map(({ name, figures: { good, runs } }) => ({ name, good, of: runs }))
  const timed = (cells: typeof all, pick: (figures: Figures) => number | null): readonly Timed[] =>
    cells.map(({ name, figures }) => ({ name, ms: pick(figures) ?? Number.POSITIVE_INFINITY }))
  const again = (how: How, anew: 'caller' | 'called') =>
    of(how).flatMap(({ name, result }) => {
      const figures: AgainFigures | undefined = againOf(result, anew)
      if (figures === undefined) return []
      return [
        { name, good: figures.good, of: figures.tries, ms: figures.medianMs ?? Number.POSITIVE_INFINITY },
      ]
    })
  const within = seconds(GUESSED_WITHIN_MS)
  return [
    judgeShare('D and D′: direct every time', 1, counted(of('D', 'D′'))),
    judgeShare('B: direct in 95 % of runs', 0.95, counted(of('B'))),
    judgeTime(
      `B: median within ${within}`,
      GUESSED_WITHIN_MS,
      timed(of('B'), figures => figures.medianMs),
    ),
    ...(['caller', 'called'] as const).flatMap(anew => [
      judgeShare(`B, second try, the ${anew} new: direct in 95 %`, 0.95, again('B', anew)),
      judgeTime(
        `B, second try, the ${anew} new: median within ${within}`,
        GUESSED_WITHIN_MS,
        again('B', anew),
      ),
    ]),
    judgeShare('P: direct in 90 % of runs', 0.9, counted(of('P'))),
    ...(['caller', 'called'] as const).map(anew =>
      judgeShare(`P, second try, the ${anew} new: direct in 90 %`, 0.9, again('P', anew)),
    ),
    judgeShare('R, R?: by a relay, every time', 1, counted(of('R', 'R?'))),
    judgeTime(
      `R, R?: first text within a round trip to the relay (less than 1 ms here) and work, together ${seconds(TEXT_BY_RELAY_WITHIN_MS)}`,
      TEXT_BY_RELAY_WITHIN_MS,
      timed(of('R', 'R?'), figures => figures.deliveredMedianMs),
    ),
  ]
}
