/**
 * Waiting until messages have come as far as somebody wants. States are ordered, so a later one satisfies an
 * earlier wish; a failure ends every wait. All waits of a stream stand in one line, because an acknowledgement
 * covers everything before it: what it ends is the head of the line, however long that is.
 */
import type { DeviceId, StreamId } from '../../events/ids.ts'
import type { Clock } from '../../kernel/api/index.ts'
import type { Delivery, DeliveryBook, DeliveryState, DeliveryStep } from './text/delivery-book.ts'

const ORDER = ['queued', 'sent', 'stored', 'delivered', 'read'] as const
export type Wish = Exclude<(typeof ORDER)[number], 'queued'>

const reaches = (state: DeliveryState, wish: Wish): boolean =>
  state !== 'failed' && ORDER.indexOf(state) >= ORDER.indexOf(wish)

/** The device that has the message, and how long that took to be known. */
interface Carried {
  readonly by: DeviceId
  /** From the first datagram to the acknowledgement. */
  readonly rttMs: number | undefined
}

export interface Awaited extends Delivery {
  /** Undefined unless it was delivered while somebody waited. */
  readonly carried: Carried | undefined
  readonly isFulfilled: boolean
}

export interface Waiting {
  readonly stream: StreamId
  readonly seq: number
  readonly wish: Wish
  readonly timeoutMs: number
  /** Runs when whoever waits has gone; returns how to stop listening. */
  onGone(run: () => void): () => void
}

interface Wait {
  readonly waiting: Waiting
  carried: Carried | undefined
  readonly finish: () => void
}

export class DeliveryWaits {
  readonly #book: DeliveryBook
  readonly #clock: Clock
  /** By stream, in the order of their seq. */
  readonly #lines = new Map<StreamId, Wait[]>()

  constructor(book: DeliveryBook, clock: Clock) {
    this.#book = book
    this.#clock = clock
  }

  /** Resolves when the wish is fulfilled, the message failed, the time is up or whoever waits has gone. */
  until(waiting: Waiting): Promise<Awaited> {
    const { stream, seq, wish, timeoutMs } = waiting
    return new Promise(resolve => {
      const finish = (): void => {
        stopTimer()
        stopListening()
        const delivery = this.#book.of(stream, seq)
        resolve({ ...delivery, carried: wait.carried, isFulfilled: reaches(delivery.state, wish) })
      }
      const leave = (): void => {
        this.#leave(wait)
        finish()
      }
      const wait: Wait = { waiting, carried: undefined, finish }
      let stopListening = (): void => undefined
      const stopTimer = this.#clock.after(timeoutMs, leave)
      const { state } = this.#book.of(stream, seq)
      if (state === 'failed' || reaches(state, wish)) return finish()
      this.#join(wait)
      stopListening = waiting.onGone(leave)
    })
  }

  /** Messages have come further: ends the waits that this fulfils or disappoints. */
  moved({ stream, device, state, below, rttMs }: DeliveryStep): void {
    const line = this.#lines.get(stream)
    if (line === undefined) return
    const after = line.findIndex(({ waiting }) => waiting.seq >= below)
    const reached = line.splice(0, after === -1 ? line.length : after)
    const staying: Wait[] = []
    for (const wait of reached) {
      if (state === 'delivered') wait.carried ??= { by: device, rttMs }
      if (state === 'failed' || reaches(state, wait.waiting.wish)) wait.finish()
      else staying.push(wait)
    }
    if (staying.length > 0) line.unshift(...staying)
    if (line.length === 0) this.#lines.delete(stream)
  }

  /** Nothing more is sent in this stream: nobody need wait for it. */
  end(stream: StreamId): void {
    const line = this.#lines.get(stream) ?? []
    this.#lines.delete(stream)
    for (const wait of line) wait.finish()
  }

  #join(wait: Wait): void {
    const { stream, seq } = wait.waiting
    const line = this.#lines.get(stream)
    if (line === undefined) this.#lines.set(stream, [wait])
    else line.splice(line.findLastIndex(({ waiting }) => waiting.seq <= seq) + 1, 0, wait)
  }

  #leave(wait: Wait): void {
    const line = this.#lines.get(wait.waiting.stream)
    const at = line?.indexOf(wait) ?? -1
    if (at !== -1) line!.splice(at, 1)
  }
}
