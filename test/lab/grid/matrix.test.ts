/** The table says what was seen, and a run that went wrong is never a good one. */
import { describe, expect, it } from 'vitest'
import { PROFILES, profile } from '../nat/profiles.ts'
import { type GridCell, gridCells, howOf } from './cells.ts'
import { figuresOf, htmlOf, markdownOf, quantile } from './matrix.ts'
import { faultsOf, type Outcome } from './outcome.ts'

const cellOf = (name: string): GridCell => gridCells().find(cell => cell.name === name)!
const good: Outcome = { staggerMs: 0, deliveredMs: 40, path: 'direct', directMs: 90, broken: [] }
const relayed: Outcome = { ...good, path: 'relay', directMs: null }
const made = { commit: 'c0ffee', machine: 'a machine', date: '2030-01-01', runs: 2, staggersMs: [0, 200] }

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

describe('the table', () => {
  const results = [
    { cell: cellOf('home × home'), outcomes: [good, { ...good, directMs: 1_250 }] },
    { cell: cellOf('home × symmetric random'), outcomes: [good, relayed] },
  ]

  it('counts, and takes times from the paths that became direct', () => {
    expect(figuresOf(results[0]!)).toMatchObject({ word: 'direct', good: 2, medianMs: 1_250, p95Ms: 1_250 })
    expect(figuresOf(results[1]!)).toMatchObject({ word: 'mixed', good: 1, direct: 1, medianMs: 90 })
    expect(figuresOf({ cell: cellOf('home × home'), outcomes: [relayed] })).toMatchObject({
      word: 'relay',
      good: 0,
      medianMs: 40,
    })
    expect(quantile([], 0.5)).toBe(null)
  })

  it('stands in Markdown and in HTML, with where it comes from', () => {
    const text = markdownOf(results, made)
    expect(text).toContain('| home | home | D | direct | 2/2 | 2/2 | 1.25 s | 1.25 s | 0.04 s |')
    expect(text).toContain('Commit c0ffee, 2030-01-01, a machine.')
    const html = htmlOf(results, made)
    expect(html).toContain('<b>direct</b> (D)<br>1.25 s, p95 1.25 s</td>')
    expect(html).toContain('1 of 2 as expected')
  })
})
