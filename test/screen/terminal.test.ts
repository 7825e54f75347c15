/** The bar on a terminal that draws: whatever a file is called, it is one line, written over and over, and gone at the end. */
import { execFileSync, spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ProgressBar } from '../../src/screen/progress-bar.ts'
import { type TemporaryDirectory, temporaryDirectory } from '../support/temporary-directory.ts'

const hasTmux = spawnSync('tmux', ['-V']).status === 0
if (!hasTmux) process.stderr.write('skipped, for tmux is not installed: the bar on a terminal that draws\n')

let directory: TemporaryDirectory
beforeEach(async () => {
  directory = await temporaryDirectory()
})
afterEach(() => directory.remove())

const PATIENCE_MS = 10_000
const STEPS = 50
const BYTES = 1_260_000_000

/** What is written while a file moves from its first byte to its last. */
function written(name: string, columns: number, isEnded: boolean): string {
  let text = ''
  const write = (more: string): boolean => {
    text += more
    return true
  }
  const bar = new ProgressBar(name, { isTTY: true, columns, write })
  for (let step = 0; step <= STEPS; step += 1) {
    const doneBytes = (BYTES / STEPS) * step
    bar.show({ type: 'progress', doneBytes, bytes: BYTES, bytesPerSecond: 3_000 * 4 ** (step % 8) })
  }
  if (isEnded) bar.end()
  return text
}

let terminals = 0

/** The lines that are seen then, above one another. */
function seen(text: string, columns: number): readonly string[] {
  const file = join(directory.path, 'text')
  writeFileSync(file, text)
  terminals += 1
  const socket = join(directory.path, `terminal-${terminals}`)
  const tmux = (...words: readonly string[]): string =>
    execFileSync('tmux', ['-u', '-S', socket, '-f', '/dev/null', ...words], {
      encoding: 'utf8',
      timeout: PATIENCE_MS,
      env: { ...process.env, LC_ALL: 'C.UTF-8', TMUX: '' },
    })
  const size = ['-x', `${columns}`, '-y', '24']
  tmux('new-session', '-d', ...size, `cat '${file}'; tmux wait-for -S drawn; cat`)
  try {
    tmux('wait-for', 'drawn')
    return tmux('capture-pane', '-p', '-S', '-')
      .split('\n')
      .filter(line => line.trim() !== '')
  } finally {
    tmux('kill-server')
  }
}

const NAMES = [
  'a.bin',
  'holiday-in-the-mountains-2026.mp4',
  '写真と動画と音楽と書類と設定と記録をまとめた大きな箱.zip',
  '사진과 동영상과 음악과 문서를 모두 모은 아주 큰 상자.zip'.normalize('NFD'),
  'ｱﾊﾟｰﾄ'.repeat(12),
  '👩‍👩‍👧❤️🇯🇵👍🏽'.repeat(8),
  'é'.normalize('NFD').repeat(40),
  '±§°×÷αβγ'.repeat(6),
]

describe.skipIf(!hasTmux)('on a terminal', () => {
  it.each(NAMES)('the bar of %s is one line, with its end', name => {
    for (const columns of [80, 60]) {
      const lines = seen(written(name, columns, false), columns)
      expect(lines, `${columns} columns`).toHaveLength(1)
      expect(lines[0]).toMatch(/\[#+\] 100 % {2}\d.* left$/)
    }
  })

  it('it is one line also where letters are wider, or the terminal narrower, than was thought', () => {
    expect(seen(written('x'.repeat(40), 120, false), 80)).toHaveLength(1)
  })

  it('nothing is left of it at the end', () => {
    expect(seen(`${written(NAMES[2]!, 80, true)}done\n`, 80)).toEqual(['done'])
  })
})
