/** Strangers' text must not be able to steer a terminal, and must still look right when it is harmless. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { printable, printableLines } from '../../src/screen/printer.ts'

test.each([
  ['escape sequence', '\u001b[31mred\u001b[0m', '\\u{1b}[31mred\\u{1b}[0m'],
  ['C1 control sequence introducer', '\u009b2J', '\\u{9b}2J'],
  ['bell and backspace', 'a\u0007\bb', 'a\\u{7}\\u{8}b'],
  ['right-to-left override', 'evil\u202egpj.exe', 'evil\\u{202e}gpj.exe'],
  ['zero-width space in a name', 'al\u200bice', 'al\\u{200b}ice'],
  ['line separator', 'a\u2028b', 'a\\u{2028}b'],
  ['tag characters', 'a\u{e0041}', 'a\\u{e0041}'],
])('%s is shown as its code', (_, text, shown) => {
  expect(printable(text)).toBe(shown)
})

test.each(['こんにちは', 'שלום', 'Zürich', '👩‍🚀 ❤️ 👍🏽'])('%s is left as it is', text => {
  expect(printable(text)).toBe(text)
})

test('a lone surrogate becomes the replacement character', () => {
  expect(printable('a\ud800b')).toBe('a\ufffdb')
})

test('later lines are indented, so that a text cannot pose as another message', () => {
  expect(printableLines('one\ntwo\r\nthree', '  ')).toBe('one\n  two\n  three')
})

test('whatever comes in, no control or invisible direction mark comes out', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), text => {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: the point of the test.
      expect(printable(text)).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\u200b]/u)
    }),
    { numRuns: 2_000 },
  )
})
