/**
 * What the runs of the grid came to, as a table for people: Markdown for the repository, HTML with colours. Pure:
 * results in, text out.
 */
import type { GridCell } from './cells.ts'
import { faultsOf, type Outcome } from './outcome.ts'

export interface CellResult {
  readonly cell: GridCell
  readonly outcomes: readonly Outcome[]
}

export interface Circumstances {
  readonly commit: string
  readonly machine: string
  readonly date: string
  readonly runs: number
  readonly staggersMs: readonly number[]
}

interface Figures {
  readonly word: 'direct' | 'relay' | 'mixed' | 'none'
  readonly runs: number
  readonly good: number
  readonly direct: number
  readonly medianMs: number | null
  readonly p95Ms: number | null
  readonly deliveredMedianMs: number | null
}

export const quantile = (values: readonly number[], share: number): number | null => {
  const sorted = [...values].sort((one, other) => one - other)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? null
}

const numbers = (values: readonly (number | null)[]): readonly number[] =>
  values.filter(value => value !== null)

export function figuresOf({ cell, outcomes }: CellResult): Figures {
  const direct = numbers(outcomes.map(({ directMs }) => directMs))
  const delivered = numbers(outcomes.map(({ deliveredMs }) => deliveredMs))
  const word =
    delivered.length === 0
      ? 'none'
      : direct.length === outcomes.length
        ? 'direct'
        : direct.length === 0
          ? 'relay'
          : 'mixed'
  const timed = direct.length > 0 ? direct : delivered
  return {
    word,
    runs: outcomes.length,
    good: outcomes.filter(outcome => faultsOf(cell.how, outcome).length === 0).length,
    direct: direct.length,
    medianMs: quantile(timed, 0.5),
    p95Ms: quantile(timed, 0.95),
    deliveredMedianMs: quantile(delivered, 0.5),
  }
}

const seconds = (ms: number | null): string => (ms === null ? '–' : `${(ms / 1_000).toFixed(2)} s`)

const about = ({ commit, machine, date, runs, staggersMs }: Circumstances): string =>
  `Commit ${commit}, ${date}, ${machine}. ${runs} runs a cell, the called side starting ${staggersMs.join(', ')} ms later in turn.`

const LEGEND =
  'D direct by meeting in the middle, D′ if the observed source is answered, B by many sockets, P by guessing ports, ' +
  'R relay alone, R? relay, direct is luck. Times count from when both could speak: to the direct path where there ' +
  'is one, otherwise to the first delivery; the last column is the first delivery in any case.'

export function markdownOf(results: readonly CellResult[], circumstances: Circumstances): string {
  const rows = results.map(result => {
    const { word, runs, good, direct, medianMs, p95Ms, deliveredMedianMs } = figuresOf(result)
    const { row, column, how } = result.cell
    const cells = [row, column, how, word, `${direct}/${runs}`, `${good}/${runs}`]
    return `| ${[...cells, ...[medianMs, p95Ms, deliveredMedianMs].map(seconds)].join(' | ')} |`
  })
  return [
    '# NAT × NAT',
    '',
    about(circumstances),
    '',
    LEGEND,
    '',
    '| calls | is called | at best | got | direct | as expected | median | p95 | first text |',
    '| --- | --- | --- | --- | --- | --- | --- | --- | --- |',
    ...rows,
    '',
  ].join('\n')
}

const escaped = (text: string): string => text.replace(/[&<>"]/g, char => `&#${char.charCodeAt(0)};`)

const COLOURS = { direct: '#cfe8cf', relay: '#dde4f4', mixed: '#f6e7c1', none: '#f4cfcf' }

const htmlCell = (result: CellResult | undefined): string => {
  if (result === undefined) return '<td></td>'
  const { word, runs, good, medianMs, p95Ms } = figuresOf(result)
  const colour = good === runs ? COLOURS[word] : COLOURS.none
  const share = good === runs ? '' : `<br><b>${good} of ${runs} as expected</b>`
  return `<td style="background:${colour}"><b>${word}</b> (${escaped(result.cell.how)})<br>${seconds(medianMs)}, p95 ${seconds(p95Ms)}${share}</td>`
}

export function htmlOf(results: readonly CellResult[], circumstances: Circumstances): string {
  const rows = [...new Set(results.map(({ cell }) => cell.row))]
  const columns = [...new Set(results.map(({ cell }) => cell.column))]
  const at = (row: string, column: string) =>
    results.find(({ cell }) => cell.row === row && cell.column === column)
  const heads = columns.map(column => `<th>${escaped(column)}</th>`).join('')
  const body = rows.map(
    row => `<tr><th>${escaped(row)}</th>${columns.map(column => htmlCell(at(row, column))).join('')}</tr>`,
  )
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>NAT × NAT</title>
<style>body{font:14px sans-serif}table{border-collapse:collapse}th,td{border:1px solid #999;padding:4px 6px}</style>
<h1>NAT × NAT</h1>
<p>${escaped(about(circumstances))}</p>
<p>${escaped(LEGEND)}</p>
<table><tr><th>calls \\ is called</th>${heads}</tr>
${body.join('\n')}
</table>
</html>
`
}
