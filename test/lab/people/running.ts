/**
 * What runs at a station of a cell, whoever runs it: the program in a process of its own, or a resident that starts
 * and stops one after the other.
 */
import { type Document, type RunOptions, Staying } from '../../cli/program.ts'
import type { Asked, Resident, SeenPath } from './resident.ts'

export interface Running {
  /** What it said when it was ready. */
  readonly ready: Document
  /** What it complained about. */
  readonly stderr: string
  /** What it says by itself of its path to the other side; undefined: it has to be asked. */
  readonly seen: SeenPath | undefined
  /** It stands still from now on, as on a machine that sleeps; it goes on with `thaw`. A process of its own only. */
  freeze(): void
  thaw(): void
  /** Resolves with the exit code, if there is one. */
  stop(signal: NodeJS.Signals): Promise<number | null>
}

export async function runProgram(words: readonly string[], options: RunOptions): Promise<Running> {
  const program = new Staying(words, options)
  const ready = await program.ready()
  return {
    ready,
    seen: undefined,
    freeze: () => program.signal('SIGSTOP'),
    thaw: () => program.signal('SIGCONT'),
    stop: signal => program.stop(signal),
    get stderr() {
      return program.stderr
    },
  }
}

export async function runIn(resident: Resident, asked: Asked): Promise<Running> {
  const ready = await resident.start(asked)
  const isShared = (): never => {
    throw new Error('a process that stays is not stopped for what runs in it')
  }
  return {
    ready,
    freeze: isShared,
    thaw: isShared,
    stop: async signal => {
      await (signal === 'SIGKILL' ? resident.close() : resident.stop())
      return null
    },
    get seen() {
      return resident.seen
    },
    get stderr() {
      return resident.stderr
    },
  }
}
