/** What is a name and what is none, with the cases that are easily got wrong. */
import { describe, expect, test } from 'vitest'
import { isDomain, isName, isUnder } from '../../src/events/name.ts'

describe('a name', () => {
  test.each([
    'alice.example',
    'a.b',
    '1.example',
    'xn--bcher-kva.example',
    `${'a'.repeat(63)}.example`,
    `${'a.'.repeat(125)}abc`,
  ])('%s is one', name => {
    expect(isName(name)).toBe(true)
  })

  test.each([
    '',
    'alice',
    'Alice.example',
    'alice.example.',
    '.example',
    'alice..example',
    '-a.example',
    'a-.example',
    'a_b.example',
    'bücher.example',
    '192.0.2.1',
    'ab--c.example',
    'alice.example\n',
    ' alice.example',
    `${'a'.repeat(64)}.example`,
    `${'a.'.repeat(126)}ab`,
  ])('%j is none', name => {
    expect(isName(name)).toBe(false)
  })

  test('stands under its domain at a label boundary only', () => {
    expect(isUnder('alice.example', 'example')).toBe(true)
    expect(isUnder('a.b.example', 'example')).toBe(true)
    expect(isUnder('aliceexample', 'example')).toBe(false)
    expect(isUnder('example', 'example')).toBe(false)
    expect(isDomain('example')).toBe(true)
  })
})
