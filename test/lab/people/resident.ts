/**
 * The near side of a process in which nodes and servers are started and stopped again and again. Loading the program
 * takes half a second of processor time, which many runs cannot afford; what runs in it is as new as in a process of
 * its own.
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Document } from '../../cli/program.ts'

const PROGRAM = new URL('resident.mjs', import.meta.url).pathname
/** Longer than a node takes on the slowest machine. */
const ANSWER_TIMEOUT_MS = 30_000

/** What a node said last of its path to the other side, and when. */
export interface SeenPath {
  readonly path: 'direct' | 'relay' | null
  readonly atMs: number
}
const GONE = { type: 'failed', why: 'the process has ended, or does not answer' }
const UNSEEN: SeenPath = { path: null, atMs: 0 }

export interface Asked {
  readonly role: 'node' | 'dc' | 'relay'
  /** Of `runNode`, `serveDc` or `serveRelay`. */
  readonly options: object
}

/** The tests' own environment without what would lead the program elsewhere. */
const environment = (lan: string): NodeJS.ProcessEnv => {
  const { NTM_HOME: _home, NTM_PASSPHRASE: _phrase, NTM_DNS: _dns, DEBUG: _debug, ...rest } = process.env
  return { ...rest, NTM_LAN: lan }
}

export class Resident {
  readonly #child: ChildProcessWithoutNullStreams
  #complaints = ''
  #seen = UNSEEN
  #answered: ((document: Document) => void) | undefined

  /** `within`: the words before a command that make it run in a namespace. */
  constructor(within: readonly string[], lan = 'off') {
    const [command, ...words] = [...within, process.execPath, PROGRAM]
    this.#child = spawn(command!, words, { env: environment(lan), stdio: 'pipe' })
    this.#child.stdin.on('error', () => undefined)
    this.#child.stderr.setEncoding('utf8').on('data', text => {
      this.#complaints += text
    })
    createInterface({ input: this.#child.stdout }).on('line', line => this.#hear(JSON.parse(line)))
    this.#child.once('exit', () => this.#answered?.(GONE))
  }

  get stderr(): string {
    return this.#complaints
  }

  get seen(): SeenPath {
    return this.#seen
  }

  /** Resolves with what the program prints when it is ready. */
  start(asked: Asked): Promise<Document> {
    this.#seen = UNSEEN
    return this.#ask({ type: 'start', ...asked })
  }

  async stop(): Promise<void> {
    await this.#ask({ type: 'stop' })
  }

  /** Ends the process, whatever runs in it. */
  async close(): Promise<void> {
    if (!this.#isRunning) return
    this.#child.kill('SIGKILL')
    await once(this.#child, 'exit')
  }

  get #isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  #hear(document: Document): void {
    if (document.type === 'path') this.#seen = { path: document.path, atMs: document.atMs }
    else this.#answered?.(document)
  }

  async #ask(document: object): Promise<Document> {
    let late: NodeJS.Timeout | undefined
    const answer = await new Promise<Document>(done => {
      if (!this.#isRunning) return done(GONE)
      this.#answered = done
      late = setTimeout(done, ANSWER_TIMEOUT_MS, GONE)
      this.#child.stdin.write(`${JSON.stringify(document)}\n`)
    }).finally(() => clearTimeout(late))
    if (answer.type === 'failed') throw new Error(`${answer.why}; stderr: ${this.#complaints}`)
    return answer
  }
}
