/**
 * The order of starting, as tables: who stands before whom, who stands side by side, and what a circle is called.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Ranked, rank } from '../../src/kernel/ranks.ts'
import { fuzzRuns } from '../support/fuzz.ts'

/** `b: a ?c` reads: b needs a's token and wants c's. Each provides its own name. */
const plugins = (...lines: string[]): Ranked[] =>
  lines.map(line => {
    const [id = '', tokens = ''] = line.split(':')
    const words = tokens.split(' ').filter(Boolean)
    return {
      id,
      provides: [id],
      needs: words.filter(word => !word.startsWith('?')),
      wants: words.filter(word => word.startsWith('?')).map(word => word.slice(1)),
    }
  })

const ranksOf = (...lines: string[]): string =>
  rank(plugins(...lines))
    .ranks.map(ids => ids.map(({ id }) => id).join(' '))
    .join(' | ')

const circlesOf = (...lines: string[]): Record<string, string> =>
  Object.fromEntries(rank(plugins(...lines)).circles)

describe('ranks', () => {
  it.each([
    [['a', 'b', 'c'], 'a b c'],
    [['c: b', 'b: a', 'a'], 'a | b | c'],
    [['d: b c', 'b: a', 'c: a', 'a'], 'a | b c | d'],
    [['a: somebody-else'], 'a'],
    [['b: ?a', 'a'], 'a | b'],
    [['a: ?b', 'b: ?a', 'c'], 'c | a | b'],
    [['a: ?b', 'b: a'], 'a | b'],
    [['a: ?a'], 'a'],
  ])('%j start as %s', (lines, expected) => {
    expect(ranksOf(...lines)).toBe(expected)
  })

  it('names a circle, and lets those go on that stand outside of it', () => {
    const lines = ['before', 'a: b', 'b: c before', 'c: a', 'behind: c']
    expect(circlesOf(...lines)).toEqual({
      a: 'a needs b needs c needs a',
      b: 'a needs b needs c needs a',
      c: 'a needs b needs c needs a',
    })
    expect(ranksOf(...lines)).toBe('before | behind')
  })

  it('calls a plugin that needs itself a circle', () => {
    expect(circlesOf('a: a')).toEqual({ a: 'a needs a' })
  })

  it('puts everyone exactly once, and behind what it needs', () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f']
    const word = fc.constantFrom(...names, ...names.map(name => `?${name}`))
    const lines = fc.tuple(
      ...names.map(name => fc.array(word, { maxLength: 3 }).map(words => `${name}: ${words.join(' ')}`)),
    )
    fc.assert(
      fc.property(lines, given => {
        const all = plugins(...given)
        const { ranks, circles } = rank(all)
        const placed = ranks.flat().map(({ id }) => id)
        expect([...placed, ...circles.keys()].sort()).toEqual(names)
        for (const [index, ids] of ranks.entries()) {
          const before = new Set(
            ranks
              .slice(0, index)
              .flat()
              .map(({ id }) => id),
          )
          for (const { needs } of ids) {
            expect(needs.filter(need => !before.has(need) && !circles.has(need))).toEqual([])
          }
        }
      }),
      { numRuns: fuzzRuns(500) },
    )
  })
})
