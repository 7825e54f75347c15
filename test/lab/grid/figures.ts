/** What the runs of a cell come to in numbers. */
import type { GridCell } from './cells.ts'
import type { Circumstances } from './circumstances.ts'
import { type Again, faultsOf, faultsOfMeeting, isRelayed, type Meeting, type Outcome } from './outcome.ts'

export interface CellResult {
  readonly cell: Pick<GridCell, 'name' | 'row' | 'column' | 'how'>
  readonly made: Circumstances
  /** Of the processors' time while the cell was under way. */
  readonly busyShare: number
  readonly tookMs: number
  readonly outcomes: readonly Outcome[]
}

export interface Figures {
  readonly word: 'direct' | 'relay' | 'mixed' | 'none'
  readonly runs: number
  readonly good: number
  readonly direct: number
  /** To the direct path where there is one; infinite: never. */
  readonly medianMs: number | null
  readonly p95Ms: number | null
  readonly deliveredMedianMs: number | null
}

export interface AgainFigures {
  readonly tries: number
  readonly good: number
  readonly medianMs: number | null
}

export const quantile = (values: readonly number[], share: number): number | null => {
  const sorted = [...values].sort((one, other) => one - other)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? null
}

const orNever = (value: number | null): number => value ?? Number.POSITIVE_INFINITY

const numbers = (values: readonly (number | null)[]): readonly number[] =>
  values.filter(value => value !== null)

const wordOf = (direct: number, delivered: number, runs: number): Figures['word'] => {
  if (delivered === 0) return 'none'
  if (direct === 0) return 'relay'
  return direct === runs ? 'direct' : 'mixed'
}

/** Where a path should be direct, one that was not is one that never came; where that is luck, it is left out. */
const directTimes = (how: GridCell['how'], meetings: readonly Meeting[]): readonly number[] => {
  const times = meetings.map(({ directMs }) => directMs)
  return isRelayed(how) ? numbers(times) : times.map(orNever)
}

export function figuresOf({ cell: { how }, outcomes }: Pick<CellResult, 'cell' | 'outcomes'>): Figures {
  const direct = numbers(outcomes.map(({ directMs }) => directMs))
  const delivered = outcomes.map(({ deliveredMs }) => deliveredMs)
  const timed = direct.length > 0 ? directTimes(how, outcomes) : delivered.map(orNever)
  return {
    word: wordOf(direct.length, numbers(delivered).length, outcomes.length),
    runs: outcomes.length,
    good: outcomes.filter(outcome => faultsOf(how, outcome).length === 0).length,
    direct: direct.length,
    medianMs: quantile(timed, 0.5),
    p95Ms: quantile(timed, 0.95),
    deliveredMedianMs: quantile(delivered.map(orNever), 0.5),
  }
}

/** Of the second tries in which this one was new; undefined: there were none. */
export function againOf(
  { cell: { how }, outcomes }: Pick<CellResult, 'cell' | 'outcomes'>,
  anew: Again['anew'],
): AgainFigures | undefined {
  const tries = outcomes.flatMap(({ again }) => (again?.anew === anew ? [again] : []))
  if (tries.length === 0) return undefined
  const good = tries.filter(meeting => faultsOfMeeting(how, meeting).length === 0).length
  return { tries: tries.length, good, medianMs: quantile(directTimes(how, tries), 0.5) }
}
