/** Where, when and how figures were made: without these a table says nothing. */
import { execFileSync } from 'node:child_process'
import { cpus, release, type as system } from 'node:os'

/** Of one cell: a report may have been made in several goes. */
export interface Circumstances {
  readonly commit: string
  readonly machine: string
  readonly date: string
  readonly runs: number
  readonly staggersMs: readonly number[]
  /** Cells under way at a time. */
  readonly abreast: number
}

const git = (...args: readonly string[]): string => {
  try {
    return execFileSync('git', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
  } catch {
    return ''
  }
}

/** Behind the commit: what was built is not what it has. */
export const CHANGED = ' (changed)'

/** The report itself changes while it is being made. */
const SOURCES = ['--', '.', ':!bench/results']

export function circumstances(how: Pick<Circumstances, 'runs' | 'staggersMs' | 'abreast'>): Circumstances {
  const isChanged = git('status', '--porcelain', '--untracked-files=no', ...SOURCES) !== ''
  const [first] = cpus()
  return {
    commit: `${git('rev-parse', '--short=12', 'HEAD') || 'unknown'}${isChanged ? CHANGED : ''}`,
    machine: `${cpus().length} × ${first?.model.trim() ?? 'unknown processor'}, ${system()} ${release()}, Node ${process.version}`,
    date: new Date().toISOString().slice(0, 10),
    ...how,
  }
}
