/** The bar: what it says of a file on the move, on a terminal; and that nothing else ever sees it. */
import { describe, expect, it } from 'vitest'
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

  it('lets no name move the cursor or take more than its place', () => {
    const bar = barOf(`\u001b[2J${'x'.repeat(90)}`, progress)
    expect(bar).not.toContain('\u001b')
    expect(bar.indexOf('[####')).toBeLessThan(32)
  })

  it('is on a terminal only', () => {
    for (const isTTY of [true, false]) {
      const written: string[] = []
      const bar = new ProgressBar('a', { isTTY, write: (text: string) => written.push(text) > 0 })
      bar.show(progress)
      bar.end()
      expect(written.length).toBe(isTTY ? 2 : 0)
    }
  })
})
