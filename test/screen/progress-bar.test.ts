/** The bar: what it says of a file on the move, on a terminal; and that nothing else ever sees it. */
import { stripVTControlCharacters } from 'node:util'
import { describe, expect, it } from 'vitest'
import { columnsOf, cutToColumns } from '../../src/screen/columns.ts'
import { barOf, ProgressBar, sizeOf } from '../../src/screen/progress-bar.ts'

describe('sizes', () => {
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1_000, '1.00 kB'],
    [99_960, '100 kB'],
    [999_600, '1000 kB'],
    [268_435_456, '268 MB'],
    [4_398_046_511_104, '4.40 TB'],
  ])('of %i bytes: %s', (bytes, size) => expect(sizeOf(bytes)).toBe(size))
})

describe('the bar', () => {
  const progress = {
    type: 'progress',
    doneBytes: 25_000_000,
    bytes: 100_000_000,
    bytesPerSecond: 1e7,
  } as const

  it('tells share, rate and time left', () => {
    expect(barOf('a.bin', progress)).toBe('a.bin  [######..................]  25 %  10.0 MB/s  00:08 left')
    const slow = { ...progress, bytesPerSecond: 10_000 }
    expect(barOf('a.bin', slow)).toContain('10.0 kB/s  2:05:00 left')
  })

  it('knows no rate before the first byte, and no share of nothing', () => {
    expect(barOf('a', { ...progress, doneBytes: 0, bytesPerSecond: null })).toBe(
      `a  [${'.'.repeat(24)}]   0 %    --:-- left`,
    )
    expect(barOf('a', { type: 'reading', doneBytes: 0, bytes: 0 })).toBe(
      `a  [${'#'.repeat(24)}] 100 %  reading`,
    )
  })

  it('lets no name move the cursor', () => {
    expect(barOf(`\u001b[2J${'x'.repeat(90)}`, progress)).not.toContain('\u001b')
  })

  const names = [
    'a',
    'holiday-in-the-mountains-2026.mp4',
    '写真'.repeat(24),
    '👩‍👩‍👧'.repeat(20),
    'e\u0301'.repeat(60),
  ]
  it.each(names)('of %s stays within its columns, and says when it will be there', name => {
    for (const columns of [160, 80, 79, 60]) {
      const bar = barOf(name, { ...progress, doneBytes: 0, bytesPerSecond: 2.8e3 }, columns)
      expect(columnsOf(bar)).toBeLessThanOrEqual(columns)
      expect(bar).toMatch(/\[\.{8,24}\] {3}0 % {2}2.80 kB\/s {2}9:55:15 left$/)
    }
    for (const columns of [43, 20, 3, 0])
      expect(columnsOf(barOf(name, progress, columns))).toBeLessThanOrEqual(columns)
  })

  it('gets shorter before a name of 28 columns does', () => {
    const name = 'x'.repeat(28)
    expect(barOf(name, progress, 79)).toMatch(/^x{28} {2}\[#+\.+\] {2}25 %/)
    expect(barOf(name, progress, 60)).toMatch(/^x+\.\.\. {2}\[#{2}\.{6}\] {2}25 %/)
  })

  const shown = (screen: { isTTY: boolean; columns?: number }): readonly string[] => {
    const written: string[] = []
    const bar = new ProgressBar('x'.repeat(40), {
      ...screen,
      write: (text: string) => written.push(text) > 0,
    })
    bar.show(progress)
    bar.end()
    return written
  }

  it('is on a terminal only', () => {
    expect(shown({ isTTY: true })).toHaveLength(2)
    expect(shown({ isTTY: false })).toHaveLength(0)
  })

  it.each([
    [{ isTTY: true, columns: 60 }, 59],
    [{ isTTY: true, columns: 0 }, 79],
    [{ isTTY: true }, 79],
  ])('leaves the last column of %j free', (screen, columns) => {
    const line = stripVTControlCharacters(shown(screen)[0]!).trim()
    expect(columnsOf(line)).toBeLessThanOrEqual(columns)
    expect(columnsOf(line)).toBeGreaterThan(columns - 12)
  })
})

describe('columns', () => {
  it.each([
    ['plain', 5],
    ['写真', 4],
    ['ｱﾊﾟｰﾄ', 5],
    ['ＡＢ', 4],
    ['한글', 4],
    ['한'.normalize('NFD'), 2],
    ['e\u0301', 1],
    ['👍', 2],
    ['❤\ufe0f', 2],
    ['Привет', 6],
  ])('of %s: %i', (text, columns) => expect(columnsOf(text)).toBe(columns))

  it('are cut between letters, never within one', () => {
    expect(cutToColumns('写真写真', 8)).toBe('写真写真')
    expect(cutToColumns('写真写真', 7)).toBe('写真...')
    expect(cutToColumns('写真写真', 6)).toBe('写...')
    expect(cutToColumns('👩‍👩‍👧👩‍👩‍👧', 10)).toBe('👩‍👩‍👧...')
    expect(cutToColumns('e\u0301e\u0301e\u0301e\u0301e\u0301', 4)).toBe('e\u0301...')
    expect(cutToColumns('abcdef', 2)).toBe('..')
  })
})
