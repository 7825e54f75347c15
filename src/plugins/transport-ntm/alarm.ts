/**
 * One timer for all that is due some time. It is moved forward but never back: one that fires too early only looks
 * again, which is cheaper than to set it anew with each packet.
 */
import type { Clock } from '../../kernel/api/index.ts'

export interface Sleeper {
  /** Monotonic ms. */
  nextWakeAt(): number | undefined
  wake(): void
}

export class Alarm {
  readonly #clock: Clock
  readonly #sleepers: readonly Sleeper[]
  #armed: { readonly atMs: number; readonly cancel: () => void } | undefined
  #isClosed = false

  constructor(clock: Clock, sleepers: readonly Sleeper[]) {
    this.#clock = clock
    this.#sleepers = sleepers
  }

  /** To be called after whatever may have brought something nearer. */
  set(): void {
    let next = Number.POSITIVE_INFINITY
    for (const sleeper of this.#sleepers) next = Math.min(next, sleeper.nextWakeAt() ?? next)
    if (next >= (this.#armed?.atMs ?? Number.POSITIVE_INFINITY) || this.#isClosed) return
    this.#armed?.cancel()
    const cancel = this.#clock.after(Math.max(0, next - this.#clock.monotonicMs()), this.#ring)
    this.#armed = { atMs: next, cancel }
  }

  close(): void {
    this.#isClosed = true
    this.#armed?.cancel()
  }

  readonly #ring = (): void => {
    this.#armed = undefined
    for (const sleeper of this.#sleepers) sleeper.wake()
    this.set()
  }
}
