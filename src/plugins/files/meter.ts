/** How far a file has come and how fast, for whoever looks at it. The rate counts from the first byte. */
import type { Clock } from '../../kernel/api/index.ts'

export interface Progress {
  readonly doneBytes: number
  /** What came since this began, without what was there. */
  readonly movedBytes: number
  /** Undefined before the first byte. */
  readonly bytesPerSecond: number | undefined
}

/** Rates over less time say nothing. */
const LEAST_MS = 0.001

export class Meter {
  readonly #clock: Pick<Clock, 'monotonicMs'>
  #doneBytes = 0
  #movedBytes = 0
  #firstMs: number | undefined
  #lastMs = 0

  constructor(clock: Pick<Clock, 'monotonicMs'>) {
    this.#clock = clock
  }

  /** What begins now has so much already. */
  begin(doneBytes = 0): void {
    this.#doneBytes = doneBytes
    this.#firstMs ??= this.#clock.monotonicMs()
  }

  add(bytes: number): void {
    this.#lastMs = this.#clock.monotonicMs()
    this.#firstMs ??= this.#lastMs
    this.#doneBytes += bytes
    this.#movedBytes += bytes
  }

  get hasBegun(): boolean {
    return this.#firstMs !== undefined
  }

  get progress(): Progress {
    const tookMs = Math.max(LEAST_MS, this.#lastMs - (this.#firstMs ?? 0))
    const bytesPerSecond = this.#movedBytes === 0 ? undefined : (this.#movedBytes * 1000) / tookMs
    return { doneBytes: this.#doneBytes, movedBytes: this.#movedBytes, bytesPerSecond }
  }
}
