/** Names from strangers: whatever they are, what is written is one visible part of a path that means no device. */
import { describe, expect, it } from 'vitest'
import { SeededRandom } from '../../../src/kernel/testing/seeded-random.ts'
import { foldedName, numbered, safeName, safePath } from '../../../src/plugins/files/safe-name.ts'
import { fuzzRuns } from '../../support/fuzz.ts'

describe('a name that was offered', () => {
  it.each([
    ['holiday.mp4', 'holiday.mp4'],
    ['Übung 3 (neu).txt', 'Übung 3 (neu).txt'],
    ['写真.jpg', '写真.jpg'],
    ['../../etc/passwd', '_._.._etc_passwd'],
    ['/etc/passwd', '_etc_passwd'],
    ['..\\..\\boot.ini', '_._.._boot.ini'],
    ['C:\\boot.ini', 'C__boot.ini'],
    ['..', 'file'],
    ['.', 'file'],
    ['', 'file'],
    ['   ', 'file'],
    ['.bashrc', '_bashrc'],
    ['.ssh', '_ssh'],
    ['-rf', '_rf'],
    ['--no-preserve-root', '_-no-preserve-root'],
    ['-', '_'],
    ['a-b', 'a-b'],
    ['a\0b', 'a_b'],
    ['a\nb\tc', 'a_b_c'],
    ['\u202egpj.exe', '_gpj.exe'],
    ['zero\u200bwidth', 'zero_width'],
    ['half \ud800 pair', 'half \ufffd pair'],
    ['con', '_con'],
    ['CON.txt', '_CON.txt'],
    ['lpt1.log', '_lpt1.log'],
    ['COM¹', '_COM¹'],
    ['aux .c', '_aux .c'],
    ['console.txt', 'console.txt'],
    ['trailing. . ', 'trailing'],
    ['nul.', '_nul'],
    ['what?*"<>|.md', 'what______.md'],
    ['e\u0301', '\u00e9'],
  ])('%j is written as %j', (offered, written) => expect(safeName(offered)).toBe(written))

  it('that is too long loses its middle and keeps its ending', () => {
    const name = safeName(`${'ä'.repeat(120)}.jpeg`)
    expect(Buffer.byteLength(name)).toBeLessThanOrEqual(200)
    expect(name).toMatch(/^ä+\.jpeg$/)
    expect(Buffer.byteLength(safeName('😀'.repeat(64)))).toBeLessThanOrEqual(200)
    expect(safeName('😀'.repeat(64)).isWellFormed()).toBe(true)
  })

  it('is harmless whatever it is made of', () => {
    const random = new SeededRandom(9)
    const odd = [
      '/',
      '\\',
      '.',
      '..',
      '\0',
      ':',
      ' ',
      'con',
      'nul',
      '\u202e',
      '\ud83d',
      'a',
      'é',
      '\u0301',
      '\n',
      '~',
      '-',
      '$',
    ]
    for (let run = 0; run < fuzzRuns(20_000); run += 1) {
      const offered = Array.from(
        { length: 1 + Math.floor(random.next() * 8) },
        () => odd[Math.floor(random.next() * odd.length)],
      ).join('')
      const name = safeName(offered)
      expect(name, JSON.stringify(offered)).not.toMatch(/[/\\\0:*?"<>|\p{Cc}\p{Cf}]|^[.-]|[. ]$|^\s*$/u)
      expect(name).not.toMatch(/^(con|nul)\s*(\.|$)/i)
      expect(name.isWellFormed() && name === name.normalize('NFC')).toBe(true)
    }
  })
})

describe('a path inside a folder', () => {
  it.each<[string[], string[] | undefined]>([
    [
      ['src', 'a.ts'],
      ['src', 'a.ts'],
    ],
    [
      ['.git', 'config'],
      ['.git', 'config'],
    ],
    [
      ['a:b', 'nul'],
      ['a_b', '_nul'],
    ],
    [['..', 'x'], undefined],
    [['a', '..', '..', 'x'], undefined],
    [['', 'etc'], undefined],
    [['a', ''], undefined],
    [['.'], undefined],
    [
      ['. .', 'x'],
      ['file', 'x'],
    ],
    [Array.from({ length: 33 }, () => 'a'), undefined],
    [['a'.repeat(1_025)], undefined],
  ])('%j is %j', (parts, safe) => expect(safePath(parts)).toEqual(safe))
})

describe('names of the same kind', () => {
  it.each([
    ['a.txt', 1, 'a.txt'],
    ['a.txt', 2, 'a (2).txt'],
    ['a.tar.gz', 3, 'a.tar (3).gz'],
    ['README', 2, 'README (2)'],
    ['.env', 2, '.env (2)'],
  ])('%s number %i is %s', (name, number, written) => expect(numbered(name, number)).toBe(written))

  it('are folded into one where a disk would take them for one', () => {
    for (const [one, other] of [
      ['A', 'a'],
      ['ß', 'SS'],
      ['e\u0301', 'É'],
    ] as const)
      expect(foldedName(one)).toBe(foldedName(other))
  })
})
