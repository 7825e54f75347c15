/** SPEC.md says what the code does: its hex is the vectors', its tables are the constants, nothing is left out. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { REFUSAL } from '../../src/wire/frame.ts'
import * as labels from '../../src/wire/labels.ts'
import * as limits from '../../src/wire/limits.ts'

const spec = readFileSync(new URL('../../src/wire/SPEC.md', import.meta.url), 'utf8')

interface Vector {
  readonly name: string
  readonly hex: string
}
const vectors = (file: string): readonly Vector[] =>
  JSON.parse(readFileSync(new URL(`../vectors/wire-${file}.json`, import.meta.url), 'utf8')).accepted

const EXAMPLE = /Example `([a-z]+)\/([^`]+)`:\n\n```\n([\s\S]*?)```/g
const examples = [...spec.matchAll(EXAMPLE)].map(([, file, name, block]) => ({
  file: file!,
  name: name!,
  hex: block!.replace(/;.*$/gm, '').replace(/\s/g, ''),
}))

/** Rows of two cells or more whose first is a name in backquotes or a number, as [first, second]. */
const rows = [...spec.matchAll(/^\| *`?([\w.]+)`? *\| *([^|]+?) *\|/gm)].map(([, first, second]) => [
  first,
  second,
])

describe('SPEC.md', () => {
  it.each(examples)('quotes $file/$name as it is', ({ file, name, hex }) => {
    expect(hex).toBe(vectors(file).find(vector => vector.name === name)?.hex)
  })

  it('has an example of every frame', () => {
    const shown = examples.filter(({ file }) => file === 'frames').map(({ name }) => name)
    expect(shown.sort()).toEqual(
      vectors('frames')
        .map(({ name }) => name)
        .sort(),
    )
  })

  it('has every limit with its value', () => {
    const stated = Object.fromEntries(rows.filter(([name]) => /^[A-Z_]+$/.test(name!) && name!.includes('_')))
    const actual = Object.fromEntries(Object.entries(limits).map(([name, value]) => [name, String(value)]))
    for (const kind of ['NEED_FULL', 'FRAGMENT_ACK']) delete stated[kind]
    expect(stated).toEqual(actual)
  })

  it('has every label', () => {
    const stated = rows.map(([name]) => name!).filter(name => name.startsWith('ntm.'))
    expect(stated.sort()).toEqual(Object.values(labels).sort())
  })

  it('has every frame kind with its number, and every reason', () => {
    const stated = Object.fromEntries(
      rows.filter(([number]) => /^\d\d?$/.test(number!)).map(([n, name]) => [name, Number(n)]),
    )
    const kinds = vectors('frames').map(({ name, hex }) => [name, Number.parseInt(hex.slice(0, 2), 16)])
    expect(stated).toMatchObject(Object.fromEntries(kinds))
    for (const reason of Object.values(REFUSAL)) expect(spec).toMatch(new RegExp(`\\b${reason} [a-z]`))
  })

  it('quotes ids that the vectors have', () => {
    const known = ['keys', 'events', 'persons'].map(file => JSON.stringify(vectors(file))).join()
    const quoted = [...spec.matchAll(/`([0-9a-f]{64})`/g)].map(([, id]) => id!)
    expect(quoted.length).toBeGreaterThan(3)
    expect(quoted.filter(id => !known.includes(`"${id}"`))).toEqual([])
  })
})
