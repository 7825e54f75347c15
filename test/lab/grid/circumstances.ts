/** Where and when figures were made: without these a table says nothing. */
import { execFileSync } from 'node:child_process'
import { cpus, release, type as system } from 'node:os'
import type { Circumstances } from './matrix.ts'

const git = (...args: readonly string[]): string => {
  try {
    return execFileSync('git', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
  } catch {
    return ''
  }
}

export function circumstances(runs: number, staggersMs: readonly number[]): Circumstances {
  const changed = git('status', '--porcelain', '--untracked-files=no') === '' ? '' : ' (changed)'
  const [first] = cpus()
  return {
    commit: `${git('rev-parse', '--short=12', 'HEAD') || 'unknown'}${changed}`,
    machine: `${cpus().length} × ${first?.model.trim() ?? 'unknown processor'}, ${system()} ${release()}, Node ${process.version}`,
    date: new Date().toISOString().slice(0, 10),
    runs,
    staggersMs,
  }
}
