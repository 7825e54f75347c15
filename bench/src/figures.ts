/**
 * What a row of the bench says: one number with its unit, the target it is held against if there is one, and
 * every run behind it. A figure is the median of its runs, never the best of them.
 */

export interface Target {
  readonly is: 'at most' | 'at least'
  readonly value: number
}

export interface Figure {
  /** The row of the issue it answers: `text`, `pair`, `log`… */
  readonly row: string
  readonly name: string
  readonly unit: string
  readonly value: number
  /** Absent for what only stands beside a figure: rivals, the bare disk, parts of a sum. */
  readonly target?: Target
  /** One value a run, in order. */
  readonly runs: readonly number[]
  readonly note?: string
}

/** The value below which the share lies, by nearest rank; NaN without values. */
export const quantile = (values: readonly number[], share: number): number => {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))] ?? Number.NaN
}

export const median = (values: readonly number[]): number => quantile(values, 0.5)

export const atMost = (value: number): Target => ({ is: 'at most', value })
export const atLeast = (value: number): Target => ({ is: 'at least', value })

export const isReached = ({ value, target }: Figure): boolean | undefined => {
  if (target === undefined) return undefined
  return target.is === 'at most' ? value <= target.value : value >= target.value
}

/** One row's figures, by which the median over its runs is taken. */
export const figureOf = (row: string) => {
  return (
    name: string,
    unit: string,
    runs: readonly number[],
    more: { readonly target?: Target; readonly note?: string } = {},
  ): Figure => ({ row, name, unit, value: median(runs), runs, ...more })
}
