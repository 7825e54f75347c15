/**
 * Requests that are answered at most once and repeated until they are, over a network that loses, doubles and
 * reorders. The asking side repeats after 500 ms, doubling; the answering side remembers its answers for a
 * while, so a request that comes twice is done once.
 */
import type { Turn } from '../../../kernel/api/machine.ts'
import { Deadlines, type Waiter } from '../tunnel/deadlines.ts'
import { REQUEST_TRIES, RTO_MS, TRANSACTION_BYTES } from './limits.ts'
import type { TransactionId } from './messages.ts'

/** Unique among one asker's requests; the tunnel keeps others from guessing. */
export const freshTransaction = (turn: Turn): TransactionId => freshHex(turn, TRANSACTION_BYTES)

/** So many random bytes, as hex. */
export function freshHex(turn: Turn, bytes: number): string {
  let text = ''
  for (let at = 0; at < bytes; at += 1)
    text += Math.floor(turn.random() * 256)
      .toString(16)
      .padStart(2, '0')
  return text
}

/** How long to wait for an answer after so many sends, the first one included. */
export const patienceMs = (sends: number): number => RTO_MS * 2 ** (sends - 1)

interface Request<T> extends Waiter {
  readonly transaction: TransactionId
  readonly datagrams: readonly Uint8Array[]
  readonly about: T
  tries: number
}

/** What time brought for one request: to be sent again, or given up. */
export interface Lapse<T> {
  readonly kind: 'again' | 'expired'
  readonly transaction: TransactionId
  readonly datagrams: readonly Uint8Array[]
  readonly about: T
  /** Sends so far, the one of `again` included. */
  readonly tries: number
}

/** The requests in flight of one asker. `about` is the asker's own note on each. */
export class Requests<T> {
  readonly #byId = new Map<TransactionId, Request<T>>()
  readonly #deadlines = new Deadlines<Request<T>>()
  readonly #tries: number

  constructor(tries = REQUEST_TRIES) {
    this.#tries = tries
  }

  get size(): number {
    return this.#byId.size
  }

  /** When `lapse` has something to say, monotonic ms. */
  get dueMs(): number | undefined {
    return this.#deadlines.next
  }

  /** Notes a request whose first send happens now. */
  begin(transaction: TransactionId, datagrams: readonly Uint8Array[], about: T, nowMs: number): void {
    const request: Request<T> = { transaction, datagrams, about, tries: 1, wakeAt: 0, heapIndex: -1 }
    this.#byId.set(transaction, request)
    this.#deadlines.wakeBy(request, nowMs + patienceMs(request.tries))
  }

  /** What a request was about, while it is in flight. */
  about(transaction: TransactionId): T | undefined {
    return this.#byId.get(transaction)?.about
  }

  /** Whether a request about this is in flight. */
  has(about: T): boolean {
    for (const request of this.#byId.values()) if (request.about === about) return true
    return false
  }

  /** How often the request was sent. */
  triesOf(transaction: TransactionId): number {
    return this.#byId.get(transaction)?.tries ?? 0
  }

  /** The answer came, or nobody waits for it any more. Returns what the request was about. */
  settle(transaction: TransactionId): T | undefined {
    const request = this.#byId.get(transaction)
    if (request === undefined) return undefined
    this.#byId.delete(transaction)
    this.#deadlines.remove(request)
    return request.about
  }

  /** The next request that is due, or undefined. Call until it is. */
  lapse(nowMs: number): Lapse<T> | undefined {
    const request = this.#deadlines.takeDue(nowMs)
    if (request === undefined) return undefined
    const { transaction, datagrams, about } = request
    if (request.tries >= this.#tries) {
      this.#byId.delete(transaction)
      return { kind: 'expired', transaction, datagrams, about, tries: request.tries }
    }
    request.tries += 1
    this.#deadlines.wakeBy(request, nowMs + patienceMs(request.tries))
    return { kind: 'again', transaction, datagrams, about, tries: request.tries }
  }

  /** Forgets everything in flight and returns what it was about. */
  clear(): readonly T[] {
    const abouts = [...this.#byId.values()].map(request => request.about)
    for (const transaction of [...this.#byId.keys()]) this.settle(transaction)
    return abouts
  }
}

interface Remembered {
  readonly answer: readonly Uint8Array[]
  readonly untilMs: number
  readonly bytes: number
}

const ANSWER_OVERHEAD_BYTES = 200

/** The answers given lately, by asker and transaction, within a budget of bytes; the oldest go first. */
export class AnswerCache {
  readonly #answers = new Map<string, Remembered>()
  readonly #lifetimeMs: number
  readonly #maxBytes: number
  #bytes = 0

  constructor(lifetimeMs: number, maxBytes: number) {
    this.#lifetimeMs = lifetimeMs
    this.#maxBytes = maxBytes
  }

  get bytes(): number {
    return this.#bytes
  }

  remember(key: string, answer: readonly Uint8Array[], nowMs: number): void {
    this.#forget(key)
    const bytes = answer.reduce((sum, part) => sum + part.length, ANSWER_OVERHEAD_BYTES)
    this.#answers.set(key, { answer, untilMs: nowMs + this.#lifetimeMs, bytes })
    this.#bytes += bytes
    for (const [oldest, { untilMs }] of this.#answers) {
      if (untilMs > nowMs && this.#bytes <= this.#maxBytes) break
      this.#forget(oldest)
    }
  }

  find(key: string, nowMs: number): readonly Uint8Array[] | undefined {
    const found = this.#answers.get(key)
    return found !== undefined && found.untilMs > nowMs ? found.answer : undefined
  }

  #forget(key: string): void {
    const found = this.#answers.get(key)
    if (found === undefined) return
    this.#answers.delete(key)
    this.#bytes -= found.bytes
  }
}
