/** Waiting that ends: by a clock that is handed in, so that it ends in virtual time as well. */
import type { Duplex } from 'node:stream'
import type { Clock } from '../../kernel/api/index.ts'

/** Settles as the work does, or as `tooLate` says when it takes longer. */
export const within = <T>(
  clock: Clock,
  patienceMs: number,
  work: Promise<T>,
  tooLate: () => T | Promise<T>,
): Promise<T> =>
  new Promise((resolve, reject) => {
    const stop = clock.after(patienceMs, () => {
      try {
        resolve(tooLate())
      } catch (error) {
        reject(error)
      }
    })
    work.then(
      value => {
        stop()
        resolve(value)
      },
      error => {
        stop()
        reject(error)
      },
    )
  })

/** Resolves when the time is over, or somebody does not want to wait any longer. */
export const pause = (clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> =>
  new Promise(resolve => {
    if (signal.aborted) return resolve()
    const done = (): void => {
      stop()
      signal.removeEventListener('abort', done)
      resolve()
    }
    const stop = clock.after(delayMs, done)
    signal.addEventListener('abort', done)
  })

/** Destroys a stream on which nothing has happened for too long. */
export class Watchdog {
  readonly #clock: Clock
  readonly #stream: Duplex
  #patienceMs: number
  #heardMs: number
  #isHeld = false
  #stop: () => void = () => undefined

  constructor(clock: Clock, stream: Duplex, patienceMs: number) {
    this.#clock = clock
    this.#stream = stream
    this.#patienceMs = patienceMs
    this.#heardMs = clock.monotonicMs()
    this.#arm(patienceMs)
  }

  /** Something happened; from now on it may take so long. Costs no timer. */
  pat(patienceMs = this.#patienceMs): void {
    this.#patienceMs = patienceMs
    this.#heardMs = this.#clock.monotonicMs()
    this.#isHeld = false
  }

  /** Nothing can happen until the next pat, for it is this side that keeps the other one waiting. */
  hold(): void {
    this.#isHeld = true
  }

  end(): void {
    this.#stop()
  }

  #arm(delayMs: number): void {
    this.#stop = this.#clock.after(delayMs, () => {
      const leftMs = this.#isHeld
        ? this.#patienceMs
        : this.#heardMs + this.#patienceMs - this.#clock.monotonicMs()
      if (leftMs <= 0) this.#stream.destroy()
      else this.#arm(leftMs)
    })
  }
}

/** Writes when there is room. Rejects when the stream has ended. `taken`: the stream does not need the bytes any more. */
export async function writeTo(stream: Duplex, bytes: Uint8Array, taken?: () => void): Promise<void> {
  if (stream.destroyed || !stream.writable) throw new Error('the stream has ended')
  if (stream.write(bytes, error => error ?? taken?.())) return
  await new Promise<void>((resolve, reject) => {
    const drained = (): void => {
      stream.off('close', closed)
      resolve()
    }
    const closed = (): void => {
      stream.off('drain', drained)
      reject(new Error('the stream has ended'))
    }
    stream.once('drain', drained)
    stream.once('close', closed)
  })
}
