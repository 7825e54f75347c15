/**
 * Whether this machine has slept, told by its clocks: whoever looks at them every so often finds after a sleep that
 * much time went by between two looks. On Linux only the wall clock goes on meanwhile, elsewhere both do, and a process
 * that was stopped sees it by both. A wall clock that somebody set forward looks the same; being told once too often
 * costs little.
 */
import type { Clock } from './api/index.ts'

/** More between two looks was a sleep: several times the longest pause between them, and less than any NAT forgets in. */
export const SLEPT_MS = 8_000

export class Slumber {
  readonly #clock: Pick<Clock, 'now' | 'monotonicMs'>
  #wallMs: number
  #monotonicMs: number

  constructor(clock: Pick<Clock, 'now' | 'monotonicMs'>) {
    this.#clock = clock
    this.#wallMs = clock.now()
    this.#monotonicMs = clock.monotonicMs()
  }

  /** Since the last look. */
  hasSlept(): boolean {
    const [wallMs, monotonicMs] = [this.#clock.now(), this.#clock.monotonicMs()]
    const passedMs = Math.max(wallMs - this.#wallMs, monotonicMs - this.#monotonicMs)
    this.#wallMs = wallMs
    this.#monotonicMs = monotonicMs
    return passedMs > SLEPT_MS
  }
}
