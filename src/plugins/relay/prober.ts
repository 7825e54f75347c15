/**
 * Asks relays whether they are there. Each copy of a probe has a number of its own, so that the round trip is that
 * of the copy which was answered.
 */
import type { Clock, Outlet, Random, UdpEndpoint } from '../../kernel/api/index.ts'
import { encodeRelayProbe, RELAY_NONCE_BYTES, type RelayFrame } from '../../wire/relay-frame.ts'
import { PROBES_MAX, RETRY_FIRST_MS } from './limits.ts'

export interface ProbeAnswer {
  readonly rttMs: number
  readonly cookie: Uint8Array
  /** This node as the relay sees it. */
  readonly observed: UdpEndpoint
}

export interface Question {
  readonly endpoint: UdpEndpoint
  readonly outlet: Outlet
  readonly timeoutMs: number
  readonly onAnswer: (answer: ProbeAnswer) => void
  readonly onSilence: () => void
}

interface Copy {
  readonly sentMs: number
  readonly settle: (answer: ProbeAnswer) => void
}

export class Prober {
  readonly #clock: Clock
  readonly #random: Random
  readonly #copies = new Map<string, Copy>()
  /** Ends each question under way as if nobody had answered. */
  readonly #silences = new Set<() => void>()
  #isClosed = false

  constructor({ clock, random }: { readonly clock: Clock; readonly random: Random }) {
    this.#clock = clock
    this.#random = random
  }

  /** Sends copies until one is answered or the time is over. Returns how to give up without a word. */
  ask({ endpoint, outlet, timeoutMs, onAnswer, onSilence }: Question): () => void {
    if (this.#isClosed) {
      onSilence()
      return () => undefined
    }
    const nonces: string[] = []
    let cancelCopy = (): void => undefined
    const end = (): void => {
      cancelCopy()
      cancelEnd()
      for (const nonce of nonces) this.#copies.delete(nonce)
      this.#silences.delete(silence)
    }
    const silence = (): void => {
      end()
      onSilence()
    }
    const settle = (answer: ProbeAnswer): void => {
      end()
      onAnswer(answer)
    }
    const send = (): void => {
      const nonce = Buffer.from(this.#random.bytes(RELAY_NONCE_BYTES)).toString('hex')
      nonces.push(nonce)
      this.#copies.set(nonce, { sentMs: this.#clock.monotonicMs(), settle })
      if (nonces.length < PROBES_MAX)
        cancelCopy = this.#clock.after(RETRY_FIRST_MS * 2 ** (nonces.length - 1), send)
      outlet.send(encodeRelayProbe(nonce), endpoint)
    }
    const cancelEnd = this.#clock.after(timeoutMs, silence)
    this.#silences.add(silence)
    send()
    return end
  }

  /** Nobody answers any more. */
  close(): void {
    this.#isClosed = true
    for (const silence of this.#silences) silence()
  }

  take({ nonce, cookie, observed }: Extract<RelayFrame, { kind: 'probe-ack' }>): void {
    const copy = this.#copies.get(nonce)
    copy?.settle({ rttMs: this.#clock.monotonicMs() - copy.sentMs, cookie: new Uint8Array(cookie), observed })
  }
}
