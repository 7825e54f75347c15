/**
 * The program as a script uses it: real processes, one JSON document or one a line. Whatever a test leaves
 * running is killed by its process id when the test file ends, also after a failure.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

export const ROOT = join(import.meta.dirname, '..', '..')
const PROGRAM = join(ROOT, 'bin', 'run.js')
const ANSWER_TIMEOUT_MS = 60_000
const STOP_TIMEOUT_MS = 15_000

export interface Run {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
  /** The one document on stdout. */
  readonly json: Document
  /** One document a line. */
  readonly lines: readonly Document[]
}

// biome-ignore lint/suspicious/noExplicitAny: what a command prints is what the tests are about.
export type Document = any

export interface RunOptions {
  readonly stdin?: string
  readonly env?: Readonly<Record<string, string>>
  /** Words before the command that make it run somewhere else, such as in a network namespace. */
  readonly within?: readonly string[]
}

const running = new Set<ChildProcess>()

/** The tests' own environment without what would lead the program elsewhere, to the own network above all. */
const environment = (more: RunOptions['env']): NodeJS.ProcessEnv => {
  const { NTM_HOME: _home, NTM_PASSPHRASE: _phrase, NTM_DNS: _dns, DEBUG: _debug, ...rest } = process.env
  return { ...rest, NTM_LAN: 'off', ...more }
}

const started = (args: readonly string[], { env, within = [] }: RunOptions): ChildProcess => {
  const [command, ...words] = [...within, process.execPath, PROGRAM, ...args]
  const child = spawn(command!, words, { env: environment(env), stdio: 'pipe' })
  // A command that has heard enough leaves the rest unread.
  child.stdin?.on('error', () => undefined)
  running.add(child)
  child.once('exit', () => running.delete(child))
  return child
}

const textOf = (stream: NodeJS.ReadableStream | null): { text: string } => {
  const kept = { text: '' }
  stream?.setEncoding('utf8').on('data', (chunk: string) => {
    kept.text += chunk
  })
  return kept
}

/** Runs a command to its end. */
export async function run(args: readonly string[], options: RunOptions = {}): Promise<Run> {
  const child = started(args, options)
  const [out, complaints] = [textOf(child.stdout), textOf(child.stderr)]
  child.stdin?.end(options.stdin ?? '')
  const giveUp = setTimeout(() => child.kill('SIGKILL'), ANSWER_TIMEOUT_MS)
  const [code] = (await once(child, 'close')) as [number | null]
  clearTimeout(giveUp)
  const lines = () => out.text.split('\n').filter(line => line !== '')
  return {
    code,
    stdout: out.text,
    stderr: complaints.text,
    get json() {
      return lines().length === 1 ? JSON.parse(lines()[0]!) : undefined
    },
    get lines() {
      return lines().map(line => JSON.parse(line))
    },
  }
}

/** A command that stays: `up`, `dc serve`, `chat`. */
export class Staying {
  readonly lines: Document[] = []
  readonly #child: ChildProcess
  readonly #complaints: { text: string }
  readonly #ended: Promise<number | null>
  #woken = () => {}

  constructor(args: readonly string[], options: RunOptions = {}) {
    this.#child = started(args, options)
    this.#complaints = textOf(this.#child.stderr)
    this.#ended = once(this.#child, 'close').then(([code]) => {
      this.#woken()
      return code as number | null
    })
    createInterface({ input: this.#child.stdout! }).on('line', line => {
      this.lines.push(JSON.parse(line))
      this.#woken()
    })
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  get stderr(): string {
    return this.#complaints.text
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  say(text: string): void {
    this.#child.stdin?.write(text)
  }

  hangUp(): void {
    this.#child.stdin?.end()
  }

  /** The first line that fits; fails when the process ends or the time is over before it comes. */
  async until(fits: (line: Document) => boolean, timeoutMs = ANSWER_TIMEOUT_MS): Promise<Document> {
    const deadline = Date.now() + timeoutMs
    for (;;) {
      const found = this.lines.find(fits)
      if (found !== undefined) return found
      const leftMs = deadline - Date.now()
      if (!this.isRunning || leftMs <= 0)
        throw new Error(`the awaited line never came; stderr: ${this.#complaints.text}`)
      await new Promise<void>(done => {
        const late = setTimeout(done, leftMs)
        this.#woken = () => {
          clearTimeout(late)
          done()
        }
      })
    }
  }

  ready(): Promise<Document> {
    return this.until(line => line.type === 'ready')
  }

  /** A signal that does not end it. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#child.kill(signal)
  }

  /** Ends it by a signal and tells its exit code; a process that does not go is killed, and that is a failure. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    if (this.isRunning) this.#child.kill(signal)
    return this.ended()
  }

  async ended(timeoutMs = STOP_TIMEOUT_MS): Promise<number | null> {
    const force = setTimeout(() => this.#child.kill('SIGKILL'), timeoutMs)
    const code = await this.#ended
    clearTimeout(force)
    return code
  }
}

/** To be called when a test file ends. */
export async function killTheRest(): Promise<void> {
  const left = [...running]
  for (const child of left) child.kill('SIGKILL')
  await Promise.all(left.map(child => (child.exitCode === null ? once(child, 'close') : undefined)))
}
