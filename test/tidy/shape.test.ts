/**
 * Files and functions have a size and a name that a person can hold; each rule is shown red on an offence.
 */
import { describe, expect, it } from 'vitest'
import {
  judgeCitations,
  judgeFileSizes,
  judgeFunctionSizes,
  judgeLeftOut,
  judgeNames,
  judgeOpenings,
  longFiles,
} from './shape.ts'
import { readTree, report, treeOf } from './tree.ts'

const lines = (count: number): string => 'x\n'.repeat(count)
const body = (count: number): string => '  x()\n'.repeat(count)

describe('files', () => {
  it('have at most 400 lines', () => {
    const tree = readTree()
    const long = longFiles(tree)
    if (long.length > 0) console.info(`more than 300 lines, think again:\n  ${long.join('\n  ')}`)
    expect(report(judgeFileSizes(tree))).toBe('')
  })

  it('that are too long are noticed, and those that are long are listed', () => {
    const tree = treeOf({ 'src/a.ts': lines(400), 'test/b.ts': lines(401), 'bench/src/c.ts': lines(500) })
    expect(judgeFileSizes(tree).map(({ path, what }) => `${path} ${what}`)).toEqual([
      'test/b.ts has 401 lines',
    ])
    expect(longFiles(tree)).toEqual(['src/a.ts 400', 'test/b.ts 401'])
  })

  it('open with a comment', () => {
    expect(report(judgeOpenings(readTree()))).toBe('')
  })

  it.each(['const a = 1', '/** Short. */', '// A line comment is no opening, however long it may be.'])(
    'that open with %s are noticed',
    text => {
      expect(report(judgeOpenings(treeOf({ 'src/a.ts': text })))).toContain('opens without a comment')
    },
  )
})

describe('functions', () => {
  it('have at most 60 lines', () => {
    expect(report(judgeFunctionSizes(readTree()))).toBe('')
  })

  it.each([
    ['walk', `function walk() {\n${body(59)}}\n`],
    ['walk', `const walk = () => {\n${body(59)}}\n`],
    ['walk', `class Legs {\n  walk() {\n${body(59)}}\n}\n`],
    ['a function', `run(() => {\n${body(59)}})\n`],
  ])('that are too long are noticed: %s', (name, text) => {
    expect(report(judgeFunctionSizes(treeOf({ 'src/a.ts': text })))).toContain(`${name} has 61 lines`)
  })

  it('may have 60 lines, and the chapters of a test more', () => {
    const text = `function walk() {\n${body(58)}}\ndescribe('walking', () => {\n${body(90)}})\n`
    expect(report(judgeFunctionSizes(treeOf({ 'test/a.test.ts': text })))).toBe('')
  })
})

describe('names', () => {
  it('say what is inside, in lower case with hyphens', () => {
    expect(report(judgeNames(readTree()))).toBe('')
  })

  it.each([
    ['src/common/ids.ts', 'is called common'],
    ['src/kernel/utils/ids.ts', 'is called utils'],
    ['src/kernel/session-manager.ts', 'is called manager'],
    ['src/kernel/test-helpers.ts', 'is called helpers'],
    ['src/kernel/virtualClock.ts', 'has virtualClock.ts'],
    ['src/kernel/Clock.ts', 'has Clock.ts'],
    ['src/kernel/virtual_clock.ts', 'has virtual_clock.ts'],
    ['src/directChat/ids.ts', 'has directChat'],
  ])('such as %s are noticed', (path, offence) => {
    expect(report(judgeNames(treeOf({ [path]: '' })))).toContain(offence)
  })

  it('such as these are fine', () => {
    const paths = [
      'src/kernel/virtual-clock.ts',
      'test/sim/two-devices.test.ts',
      'src/types/sodium-native.d.ts',
    ]
    expect(report(judgeNames(treeOf(Object.fromEntries(paths.map(path => [path, ''])))))).toBe('')
  })
})

describe('tests', () => {
  it('are not left out', () => {
    expect(report(judgeLeftOut(readTree()))).toBe('')
  })

  it.each(['it.skip', 'describe.only', 'test.todo'])('%s is noticed', call => {
    expect(report(judgeLeftOut(treeOf({ 'test/a.test.ts': `${call}('x', () => {})` })))).toContain(call)
  })

  it('may depend on the machine', () => {
    expect(report(judgeLeftOut(treeOf({ 'test/a.test.ts': "it.skipIf(noRoot)('x', () => {})" })))).toBe('')
  })
})

describe('citations', () => {
  it('are of what a clone holds', () => {
    expect(report(judgeCitations(readTree()))).toBe('')
  })

  it.each(['FORMATS', 'DESIGN'])('of %s are noticed', paper => {
    const tree = treeOf({ 'src/a.ts': `/** A rule (${paper} ${'§'}6.1). */` })
    expect(report(judgeCitations(tree))).toContain(`cites ${paper} ${'§'}6`)
  })
})
