/** Commands the program that has the kernel's TCP for us, and waits for what it reports. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const PROGRAM = fileURLToPath(new URL('./kernel-peer.mjs', import.meta.url))

export interface Report {
  readonly event: string
  readonly id?: string
  readonly name?: string
  readonly port?: number
  readonly bytes?: number
  readonly hash?: string
  readonly code?: string
}

interface Waiting {
  readonly event: string
  readonly id: string | undefined
  readonly done: (report: Report) => void
}

export class KernelPeer {
  readonly #child: ChildProcess
  readonly #untaken: Report[] = []
  readonly #waiting = new Set<Waiting>()

  private constructor(namespace: string) {
    this.#child = spawn('ip', ['netns', 'exec', namespace, process.execPath, PROGRAM], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    createInterface({ input: this.#child.stdout! }).on('line', line => this.#take(JSON.parse(line) as Report))
  }

  static async start(namespace: string): Promise<KernelPeer> {
    const peer = new KernelPeer(namespace)
    await peer.next('ready')
    return peer
  }

  tell(command: string, id: string, details: object = {}): void {
    this.#child.stdin!.write(`${JSON.stringify({ command, id, ...details })}\n`)
  }

  /** The next report of this event, of this connection, that nobody has waited for. */
  next(event: string, id?: string, timeoutMs = 30_000): Promise<Report> {
    const at = this.#untaken.findIndex(each => each.event === event && (id === undefined || each.id === id))
    if (at >= 0) return Promise.resolve(this.#untaken.splice(at, 1)[0]!)
    return new Promise((resolve, reject) => {
      const waiting: Waiting = {
        event,
        id,
        done: report => {
          clearTimeout(timer)
          resolve(report)
        },
      }
      const timer = setTimeout(() => {
        this.#waiting.delete(waiting)
        const told = JSON.stringify(this.#untaken.slice(-10))
        reject(new Error(`the kernel's side reports no "${event}" of ${id}, but ${told}`))
      }, timeoutMs)
      this.#waiting.add(waiting)
    })
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const ended = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await ended
  }

  #take(report: Report): void {
    for (const waiting of this.#waiting) {
      if (waiting.event !== report.event || (waiting.id !== undefined && waiting.id !== report.id)) continue
      this.#waiting.delete(waiting)
      waiting.done(report)
      return
    }
    this.#untaken.push(report)
  }
}
