/**
 * Nothing is exported that nobody imports, in this repository and in small ones made to break the rule.
 */
import { describe, expect, it } from 'vitest'
import { type Allowances, judgeExports } from './exports.ts'
import { readTree, report, treeOf } from './tree.ts'

/** What stays although the program does not import it, each with the reason. */
const COMPLETE_GRAMMAR =
  'the grammar of a person is whole from the start; its writers come with further devices'
const COMPARISON = 'what BBR is compared with: the decision on congestion control stands on its figures'
const ALLOWED: Allowances = new Map([
  ['src/events/person.ts#deviceCertifiedData', COMPLETE_GRAMMAR],
  ['src/events/person.ts#deviceRevokedData', COMPLETE_GRAMMAR],
  ['src/plugins/transport-ntm/net/tcp/cubic.ts#newCubic', COMPARISON],
])

const redFor = (files: Record<string, string>, allowed?: Allowances): readonly string[] =>
  judgeExports(treeOf(files), allowed).map(({ path, what }) => `${path} ${what}`)

describe('exports', () => {
  it('all have a user in this repository', () => {
    expect(report(judgeExports(readTree(), ALLOWED))).toBe('')
  })

  it.each([
    ['a constant', 'export const a = 1'],
    ['a function', 'export function a() {}'],
    ['a class', 'export class a {}'],
    ['a type', 'export type a = 1'],
    ['an interface', 'export interface a {}'],
    ['a list', 'const a = 1\nexport { a }'],
    ['another name', 'const b = 1\nexport { b as a }'],
    ['a value of its own file', 'export const a = 1\nexport const b = a'],
  ])('are noticed: %s', (_, text) => {
    expect(redFor({ 'src/x.ts': text })).toContain('src/x.ts exports a')
  })

  it('that a test looks at and their own file uses are alive', () => {
    const files = {
      'src/x.ts': 'export const max = 1\nconst b = max\nb()',
      'test/x.test.ts': "import { max } from '../src/x.ts'",
    }
    expect(redFor(files)).toEqual([])
  })

  it('that only a test imports are noticed', () => {
    const files = { 'src/x.ts': 'export const a = 1', 'test/x.test.ts': "import { a } from '../src/x.ts'" }
    expect(redFor(files)).toEqual(['src/x.ts exports a'])
  })

  it.each([
    ['by name', "import { a } from './x.ts'"],
    ['by another name', "import { a as b } from './x.ts'"],
    ['as a type', "import type { a } from './x.ts'"],
    ['whole', "import * as x from './x.ts'"],
    ['dynamically', "await import('./x.ts')"],
    ['in a type', "type A = import('./x.ts').a"],
  ])('are used %s', (_, text) => {
    expect(redFor({ 'src/x.ts': 'export const a = 1', 'src/y.ts': text })).toEqual([])
  })

  it('are used through a file that hands them on', () => {
    const files = {
      'src/x.ts': 'export const a = 1\nexport const b = 1',
      'src/y.ts': "export * from './x.ts'",
    }
    expect(redFor(files)).toEqual(['src/x.ts exports a', 'src/x.ts exports b'])
    expect(redFor({ ...files, 'src/z.ts': "import { a } from './y.ts'" })).toEqual(['src/x.ts exports b'])
  })

  it('of the entry points are used by the world', () => {
    const files = {
      'src/kernel/api/index.ts': "export * from '../../events/ids.ts'\nexport const a = 1",
      'src/events/ids.ts': 'export const b = 1',
      'src/commands/send.ts': 'export default class Send {}',
      'src/kernel/boot.ts': 'export const boot = 1',
      'bin/run.js': "import { boot } from '../dist/kernel/boot.js'",
    }
    expect(redFor(files)).toEqual([])
  })

  it('of types that their own file speaks of belong to its promise', () => {
    const files = {
      'src/x.ts': 'export interface Shape {}\nexport const a = (): Shape => ({})',
      'src/y.ts': "import { a } from './x.ts'",
    }
    expect(redFor(files)).toEqual([])
  })

  it('may be allowed for a reason, as long as there is need', () => {
    const allowed = new Map([['src/x.ts#a', 'the next issue reads it']])
    expect(redFor({ 'src/x.ts': 'export const a = 1' }, allowed)).toEqual([])
    expect(redFor({ 'src/x.ts': 'const a = 1' }, allowed)).toEqual(['src/x.ts#a needs no allowance any more'])
  })
})
