/**
 * What the runs of the grid came to, as a table for people: Markdown for the repository, HTML with colours. Pure:
 * results in, text out.
 */
import type { How } from './cells.ts'
import { type AgainFigures, againOf, type CellResult, figuresOf, quantile } from './figures.ts'
import { seconds, type Verdict, verdictsOf } from './judgement.ts'

/** One sentence for each set of circumstances that cells were made in. */
const about = (results: readonly CellResult[]): readonly string[] => {
  const sets = new Map<string, CellResult[]>()
  for (const result of results) {
    const { commit, machine, date, runs, staggersMs, abreast } = result.made
    const text = `Commit ${commit}, ${date}, ${machine}. ${runs} runs a cell, the called side starting ${staggersMs.join(', ')} ms later in turn; ${abreast} cells abreast`
    sets.set(text, [...(sets.get(text) ?? []), result])
  }
  return [...sets].map(([text, made]) => {
    const busy = quantile(
      made.map(({ busyShare }) => busyShare),
      0.5,
    )
    return `${text}, the processors busy for ${Math.round((busy ?? 0) * 100)} % of the time: ${made.length} cells.`
  })
}

const LEGEND = [
  'D direct by meeting in the middle, D′ if the observed source is answered, B by many sockets, P by guessing ports, R relay alone, R? relay, direct is luck.',
  'Times count from when both could speak (the caller had asked, the called had registered): to the direct path where there is one, otherwise to the first delivery; "first text" is the first delivery in any case. A median or p95 is of all runs: one that was never direct counts as never.',
  'Every run is a first meeting in a new world: homes as `ntm init` left them, coordinator and relays started anew, the connection tables of all routers empty, other ports, so that nobody remembers anybody; only the network stays. The first run of a cell starts `ntm up` itself; in the others nodes and servers start in processes that stay, without loading the program again.',
  'Second tries (B and P): within seconds of having met, one side starts anew with its home and what it remembers while the other stays up with its limits on tries, in turn the caller and the called, and the caller says something more. The side that is new tells when its path is direct.',
]

const share = ({ good, tries, medianMs }: AgainFigures): string => `${good}/${tries}, ${seconds(medianMs)}`
const againText = (result: CellResult, anew: 'caller' | 'called'): string => {
  const figures = againOf(result, anew)
  return figures === undefined ? '' : share(figures)
}

const verdictWord = ({ holds }: Verdict): string =>
  holds === undefined ? 'not tried' : holds ? 'holds' : 'does not hold'

const HOWS: readonly How[] = ['D', 'D′', 'B', 'P', 'R', 'R?']

/** Lines of medians: how much it matters that one side comes later. */
const byStagger = (results: readonly CellResult[]): readonly (readonly string[])[] => {
  const staggers = [...new Set(results.flatMap(({ outcomes }) => outcomes.map(({ staggerMs }) => staggerMs)))]
  const rows = HOWS.flatMap(how => {
    const of = results.filter(({ cell }) => cell.how === how)
    if (of.length === 0) return []
    const medians = staggers.map(staggerMs => {
      const outcomes = of.flatMap(result => result.outcomes.filter(one => one.staggerMs === staggerMs))
      const { medianMs, deliveredMedianMs } = figuresOf({ cell: of[0]!.cell, outcomes })
      return `${seconds(medianMs)} (${seconds(deliveredMedianMs)})`
    })
    return [[how, ...medians]]
  })
  return [['at best', ...staggers.map(staggerMs => `${staggerMs} ms later`)], ...rows]
}

const tableOf = ([head, ...rows]: readonly (readonly string[])[]): readonly string[] => [
  `| ${head!.join(' | ')} |`,
  `|${' --- |'.repeat(head!.length)}`,
  ...rows.map(row => `| ${row.join(' | ')} |`),
]

const HEAD = [
  ...['calls', 'is called', 'at best', 'got', 'direct', 'as expected', 'median', 'p95', 'first text'],
  ...['again, caller new', 'again, called new'],
]

const rowOf = (result: CellResult): readonly string[] => {
  const { word, runs, good, direct, medianMs, p95Ms, deliveredMedianMs } = figuresOf(result)
  const { row, column, how } = result.cell
  return [
    ...[row, column, how, word, `${direct}/${runs}`, `${good}/${runs}`],
    ...[medianMs, p95Ms, deliveredMedianMs].map(seconds),
    ...(['caller', 'called'] as const).map(anew => againText(result, anew)),
  ]
}

export function markdownOf(results: readonly CellResult[]): string {
  const verdicts = verdictsOf(results).map(verdict => [verdict.claim, verdict.seen, verdictWord(verdict)])
  return [
    '# NAT × NAT',
    ...about(results).flatMap(line => ['', line]),
    '',
    ...tableOf([['asked', 'seen', ''], ...verdicts]),
    '',
    'Medians by how much later the called side starts, to the direct path where there is one (and to the first delivery):',
    '',
    ...tableOf(byStagger(results)),
    ...LEGEND.flatMap(line => ['', line]),
    '',
    ...tableOf([HEAD, ...results.map(rowOf)]),
    '',
  ].join('\n')
}

const escaped = (text: string): string => text.replace(/[&<>"]/g, char => `&#${char.charCodeAt(0)};`)

const COLOURS = { direct: '#cfe8cf', relay: '#dde4f4', mixed: '#f6e7c1', none: '#f4cfcf' }

const htmlCell = (result: CellResult | undefined): string => {
  if (result === undefined) return '<td></td>'
  const { word, runs, good, medianMs, p95Ms } = figuresOf(result)
  const colour = good === runs ? COLOURS[word] : good >= 0.9 * runs ? COLOURS.mixed : COLOURS.none
  const lines = [
    `<b>${word}</b> (${escaped(result.cell.how)}) ${good}/${runs}`,
    `${seconds(medianMs)}, p95 ${seconds(p95Ms)}`,
    ...(['caller', 'called'] as const).flatMap(anew => {
      const text = againText(result, anew)
      return text === '' ? [] : [`${anew} again ${text}`]
    }),
  ]
  return `<td style="background:${colour}">${lines.join('<br>')}</td>`
}

const htmlTable = ([head, ...rows]: readonly (readonly string[])[]): string => {
  const line = (cells: readonly string[], tag: string) =>
    `<tr>${cells.map(cell => `<${tag}>${escaped(cell)}</${tag}>`).join('')}</tr>`
  return `<table>${line(head!, 'th')}\n${rows.map(row => line(row, 'td')).join('\n')}\n</table>`
}

export function htmlOf(results: readonly CellResult[]): string {
  const rows = [...new Set(results.map(({ cell }) => cell.row))]
  const columns = [...new Set(results.map(({ cell }) => cell.column))]
  const at = (row: string, column: string) =>
    results.find(({ cell }) => cell.row === row && cell.column === column)
  const heads = columns.map(column => `<th>${escaped(column)}</th>`).join('')
  const body = rows.map(
    row => `<tr><th>${escaped(row)}</th>${columns.map(column => htmlCell(at(row, column))).join('')}</tr>`,
  )
  const verdicts = verdictsOf(results).map(verdict => [verdict.claim, verdict.seen, verdictWord(verdict)])
  const paragraphs = (lines: readonly string[]) => lines.map(line => `<p>${escaped(line)}</p>`).join('\n')
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>NAT × NAT</title>
<style>body{font:14px sans-serif}table{border-collapse:collapse}th,td{border:1px solid #999;padding:4px 6px}</style>
<h1>NAT × NAT</h1>
${paragraphs(about(results))}
${htmlTable([['asked', 'seen', ''], ...verdicts])}
<h2>Who calls whom</h2>
<table><tr><th>calls \\ is called</th>${heads}</tr>
${body.join('\n')}
</table>
<h2>By how much later the called side starts</h2>
${htmlTable(byStagger(results))}
${paragraphs(LEGEND)}
</html>
`
}
