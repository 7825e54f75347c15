/**
 * The load generator for relays, a C program of ours that is compiled where the bench runs: it holds the sockets, and
 * this side says what to send through them until all pairs are bound. A run then needs nothing from Node.
 */
import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { pin } from './pin.ts'

/** From bench/dist/bench/src, where this runs. */
const SOURCE = fileURLToPath(new URL('../../../load/relay-load.c', import.meta.url))
const ANSWER_TIMEOUT_MS = 500
const TRIES = 8

export interface LoadRun {
  /** Of the pairs, the first so many. */
  readonly pairs: number
  /** Datagrams under way at most. */
  readonly window: number
  /** A second at most; 0 for as many as the window lets. */
  readonly rate: number
  /** Datagrams of one pair in a row. */
  readonly burst: number
  /** A burst leaves in one call, and lies in one piece on loopback. */
  readonly gso: boolean
  readonly seconds: number
}

export interface LoadResult {
  /** Arrived, a second. */
  readonly rate: number
  readonly lostShare: number
  readonly got: number
  readonly p50Us: number
  readonly p99Us: number
}

/** How one pair's datagrams go: from a socket, to a port, behind a head; `skip` bytes stand before what arrives. */
export interface LoadPair {
  readonly from: number
  readonly to: number
  readonly skip: number
  /** 0: directly to the other socket. */
  readonly port: number
  readonly head: Uint8Array
}

type Hear = (bytes: Buffer) => boolean

export class RelayLoad {
  readonly #process: ChildProcessWithoutNullStreams
  readonly #hearing = new Map<number, Hear>()
  #answer: { resolve(words: readonly string[]): void; reject(error: Error): void } | undefined

  constructor(directory: string) {
    const program = join(directory, 'relay-load')
    execFileSync('gcc', ['-O2', '-o', program, SOURCE])
    this.#process = spawn(program, { stdio: 'pipe' })
    pin(this.#process.pid ?? 0, 'load')
    this.#process.stderr.pipe(process.stderr)
    this.#process.once('exit', code => this.#answer?.reject(new Error(`the load ended with ${code}`)))
    createInterface({ input: this.#process.stdout }).on('line', line => this.#take(line.split(' ')))
  }

  /** Resolves with their ports. */
  async open(sockets: number): Promise<readonly number[]> {
    return (await this.#ask(`open ${sockets}`)).map(Number)
  }

  /** Sends, again and again, until `hear` is content with an answer. */
  async exchange(socket: number, port: number, bytes: Uint8Array, hear: Hear): Promise<void> {
    for (let tries = 0; tries < TRIES; tries += 1) {
      const heard = new Promise<boolean>(resolve => {
        const late = setTimeout(() => resolve(false), ANSWER_TIMEOUT_MS)
        this.#hearing.set(socket, answer => {
          const isIt = hear(answer)
          if (isIt) clearTimeout(late)
          if (isIt) resolve(true)
          return isIt
        })
      })
      this.#say(`say ${socket} ${port} ${Buffer.from(bytes).toString('hex')}`)
      if (await heard) return
    }
    throw new Error(`socket ${socket} got no answer from port ${port}`)
  }

  /** From now on these pairs are the ones that runs go over. */
  use(pairs: readonly LoadPair[]): void {
    this.#say('unpair')
    for (const { from, to, skip, port, head } of pairs)
      this.#say(`pair ${from} ${to} ${skip} ${port} ${Buffer.from(head).toString('hex')}`)
  }

  async run({ pairs, window, rate, burst, gso, seconds }: LoadRun): Promise<LoadResult> {
    const asked = [pairs, window, rate, burst, gso ? 1 : 0, Math.round(seconds * 1000)]
    const [sent, got, inTime, , ms, p50Us, p99Us] = (await this.#ask(`run ${asked.join(' ')}`)).map(Number)
    return {
      rate: (inTime! / ms!) * 1000,
      lostShare: 1 - got! / sent!,
      ...{ got: got!, p50Us: p50Us!, p99Us: p99Us! },
    }
  }

  stop(): Promise<void> {
    return new Promise(resolve => {
      this.#process.once('exit', () => resolve())
      this.#process.stdin.end()
    })
  }

  #say(line: string): void {
    this.#process.stdin.write(`${line}\n`)
  }

  #ask(line: string): Promise<readonly string[]> {
    return new Promise((resolve, reject) => {
      this.#answer = { resolve, reject }
      this.#say(line)
    })
  }

  #take([word, ...rest]: readonly string[]): void {
    if (word === 'heard') {
      const socket = Number(rest[0])
      if (this.#hearing.get(socket)?.(Buffer.from(rest[1] ?? '', 'hex')) === true)
        this.#hearing.delete(socket)
      return
    }
    const answer = this.#answer
    this.#answer = undefined
    if (word === 'wrong') answer?.reject(new Error('the load did not understand'))
    else answer?.resolve(rest)
  }
}
