/** The table says what was seen, and a run that went wrong is never a good one. */
import { mkdtempSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { PROFILES, profile } from '../nat/profiles.ts'
import { runDirectory } from '../sweep.ts'
import { type GridCell, gridCells, howOf } from './cells.ts'
import type { Circumstances } from './circumstances.ts'
import { againOf, type CellResult, figuresOf, quantile } from './figures.ts'
import { verdictsOf } from './judgement.ts'
import { htmlOf, markdownOf } from './matrix.ts'
import { faultsOf, type Outcome } from './outcome.ts'
import { Report } from './report.ts'

const cellOf = (name: string): GridCell => gridCells().find(cell => cell.name === name)!
const good: Outcome = { staggerMs: 0, deliveredMs: 40, path: 'direct', directMs: 90, broken: [] }
const relayed: Outcome = { ...good, path: 'relay', directMs: null }

describe('how two can meet', () => {
  it.each([
    ['public', 'symmetric random', 'D′'],
    ['home', 'poisonable', 'D'],
    ['address-restricted', 'CGNAT(home+symmetric)', 'D′'],
    ['home', 'symmetric random', 'B'],
    ['home', 'sequential', 'P'],
    ['symmetric random', 'symmetric random', 'R'],
    ['sequential', 'symmetric random', 'R?'],
    ['public', 'UDP blocked', 'R'],
    ['home', 'IPv6 firewall', 'R'],
  ] as const)('%s and %s: %s', (a, b, how) => {
    expect(howOf(profile(a), profile(b))).toBe(how)
    expect(howOf(profile(b), profile(a))).toBe(how)
  })

  it('is told for each pair once, or twice where each calls', () => {
    const ipv4 = PROFILES.filter(({ family }) => family === 'ipv4').length
    expect(gridCells()).toHaveLength((ipv4 * (ipv4 + 1)) / 2 + 6)
    expect(gridCells({ both: true })).toHaveLength(ipv4 * ipv4 + 6)
    expect(new Set(gridCells().map(({ name }) => name)).size).toBe(gridCells().length)
  })
})

describe('a run', () => {
  it.each([
    ['D', good, []],
    ['D', relayed, ['the path did not become direct']],
    ['D', { ...good, deliveredMs: null, path: null }, ['the text did not arrive']],
    ['D', { ...good, broken: ['b has "x" 2 times'] }, ['b has "x" 2 times']],
    ['R', relayed, []],
    ['R', good, ['the path became direct, which it cannot: see the rules', 'the text went by direct']],
    ['R?', good, []],
    ['R?', relayed, []],
  ] as const)('that should be %s is judged', (how, outcome, faults) => {
    expect(faultsOf(how, outcome)).toEqual(faults)
  })
})

const made: Circumstances = {
  ...{ commit: 'c0ffee', machine: 'a machine', date: '2030-01-01' },
  ...{ runs: 2, staggersMs: [0, 200], abreast: 5 },
}
const resultOf = (name: string, outcomes: readonly Outcome[]): CellResult => ({
  ...{ cell: cellOf(name), made, busyShare: 0.35, tookMs: 1_000, outcomes },
})
const late: Outcome = { ...good, staggerMs: 200, directMs: 1_250 }

describe('the table', () => {
  const results = [
    resultOf('home × home', [good, late]),
    resultOf('home × symmetric random', [
      { ...good, again: { ...good, anew: 'caller' } },
      { ...relayed, again: { ...relayed, anew: 'called' } },
    ]),
  ]

  it('counts, and takes times from the paths that became direct', () => {
    expect(figuresOf(results[0]!)).toMatchObject({ word: 'direct', good: 2, medianMs: 1_250, p95Ms: 1_250 })
    expect(figuresOf(results[1]!)).toMatchObject({ word: 'mixed', good: 1, direct: 1 })
    expect(figuresOf(resultOf('home × home', [relayed]))).toMatchObject({
      word: 'relay',
      good: 0,
      medianMs: 40,
    })
    expect(quantile([], 0.5)).toBe(null)
  })

  it('takes what never became direct for never, unless direct is luck', () => {
    expect(figuresOf(resultOf('home × home', [good, relayed])).p95Ms).toBe(Number.POSITIVE_INFINITY)
    expect(figuresOf(resultOf('symmetric random × sequential', [good, relayed])).p95Ms).toBe(90)
  })

  it('tells second tries by who came again', () => {
    expect(againOf(results[0]!, 'caller')).toBe(undefined)
    expect(againOf(results[1]!, 'caller')).toEqual({ tries: 1, good: 1, medianMs: 90 })
    expect(againOf(results[1]!, 'called')).toMatchObject({ tries: 1, good: 0 })
  })

  it('stands in Markdown and in HTML, with where it comes from', () => {
    const text = markdownOf(results)
    expect(text).toContain('| home | home | D | direct | 2/2 | 2/2 | 1.25 s | 1.25 s | 0.04 s |  |  |')
    expect(text).toContain('| 1/2 | never | never | 0.04 s | 1/1, 0.09 s | 0/1, never |')
    expect(text).toContain('| D | 0.09 s (0.04 s) | 1.25 s (0.04 s) |')
    expect(text).toContain('Commit c0ffee, 2030-01-01, a machine. 2 runs a cell')
    expect(text).toContain('5 cells abreast, the processors busy for 35 % of the time: 2 cells.')
    const html = htmlOf(results)
    expect(html).toContain('<b>direct</b> (D) 2/2<br>1.25 s, p95 1.25 s</td>')
    expect(html).toContain('called again 0/1, never')
  })
})

describe('what was asked', () => {
  const judged = (...results: readonly CellResult[]): ReadonlyMap<string, boolean | undefined> =>
    new Map(verdictsOf(results).map(({ claim, holds }) => [claim, holds]))
  const many = (count: number, one: Outcome): readonly Outcome[] => Array.from({ length: count }, () => one)

  it('of easy pairs holds when each run is direct, and does not hold for one that was not', () => {
    const claim = 'D and D′: direct every time'
    expect(judged().get(claim)).toBe(undefined)
    expect(judged(resultOf('home × home', many(50, good))).get(claim)).toBe(true)
    const broken = resultOf('public × symmetric random', [...many(49, good), relayed])
    expect(judged(resultOf('home × home', many(50, good)), broken).get(claim)).toBe(false)
  })

  it('of hard pairs is a share and a time, of first meetings and of second tries', () => {
    const [shareClaim, timeClaim] = ['B: direct in 95 % of runs', 'B: median within 1.00 s']
    const hard = (count: number, one = good) =>
      judged(resultOf('home × symmetric random', [...many(count, one), ...many(50 - count, relayed)]))
    expect(hard(48).get(shareClaim)).toBe(true)
    expect(hard(47).get(shareClaim)).toBe(false)
    expect(hard(48).get(timeClaim)).toBe(true)
    expect(hard(50, late).get(timeClaim)).toBe(false)
    const again = judged(
      resultOf('home × symmetric random', [{ ...good, again: { ...late, anew: 'called' } }]),
    )
    expect(again.get('B, second try, the called new: direct in 95 %')).toBe(true)
    expect(again.get('B, second try, the called new: median within 1.00 s')).toBe(false)
    expect(again.get('B, second try, the caller new: median within 1.00 s')).toBe(undefined)
  })

  it('of relays is that the first text does not wait for a direct path', () => {
    const claim = (name: string, one: Outcome) =>
      [...judged(resultOf(name, [one]))].find(([text]) => text.startsWith('R, R?: first text'))?.[1]
    expect(claim('home × UDP blocked', relayed)).toBe(true)
    expect(claim('home × UDP blocked', { ...relayed, deliveredMs: 900 })).toBe(false)
  })
})

describe('the report', () => {
  const directory = mkdtempSync(join(runDirectory(), 'report-'))
  const opened = () => new Report(directory, 'matrix', ['home × home', 'home × UDP blocked'])
  const read = (ending: string) => readFileSync(join(directory, `matrix.${ending}`), 'utf8')

  it('has what was done when it was cut short, and takes in the rest', () => {
    opened().add(resultOf('home × UDP blocked', [relayed]))
    expect(read('md')).toContain('| home | UDP blocked | R | relay |')
    opened().add(resultOf('home × home', [good]))
    const text = read('md')
    expect(text.indexOf('| home | home |')).toBeLessThan(text.indexOf('| home | UDP blocked |'))
    expect(read('html')).toContain('<b>relay</b>')
  })

  it('knows what need not be done again', () => {
    const report = opened()
    report.add(resultOf('home × home', [relayed]))
    report.add(resultOf('home × home', [good]))
    expect(read('md')).toContain('| home | home | D | direct | 1/1 |')
    expect(report.has('home × home', made)).toBe(true)
    expect(report.has('home × home', { ...made, commit: 'another' })).toBe(false)
    expect(report.has('home × home', { ...made, runs: 3 })).toBe(false)
    const changed = { ...made, commit: 'c0ffee (changed)' }
    report.add({ ...resultOf('home × home', [good]), made: changed })
    expect(report.has('home × home', changed)).toBe(false)
    report.add(resultOf('home × home', [good]))
    expect(report.has('home × home', { ...made, staggersMs: [0] })).toBe(false)
    expect(report.has('public × public', made)).toBe(false)
  })
})
