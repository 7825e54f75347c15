/** How long nothing came: the longest time between two arrivals, or since the last one, from the moment that was marked. */
import type { Clock } from '../../../src/kernel/api/index.ts'

export class Gap {
  readonly #clock: Pick<Clock, 'monotonicMs'>
  #longestMs = 0
  #lastMs: number

  constructor(clock: Pick<Clock, 'monotonicMs'>) {
    this.#clock = clock
    this.#lastMs = clock.monotonicMs()
  }

  /** In virtual ms, also while nothing comes. */
  get ms(): number {
    return Math.max(this.#longestMs, this.#clock.monotonicMs() - this.#lastMs)
  }

  /** Something came. */
  end(): void {
    this.#longestMs = this.ms
    this.#lastMs = this.#clock.monotonicMs()
  }

  /** From here on it is measured. */
  mark(): void {
    this.#longestMs = 0
    this.#lastMs = this.#clock.monotonicMs()
  }
}
