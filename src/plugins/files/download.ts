/** One file that is being fetched now, or waits for its turn, and who waits for it. */
import type { Clock } from '../../kernel/api/index.ts'
import type { Place } from './landing.ts'
import { Meter } from './meter.ts'

/** What it does. `ready` is to be called when nothing here speaks against it any more. */
export type DownloadWork = (download: Download, ready: () => void) => Promise<string>

export class Download {
  readonly place: Place
  readonly meter: Meter
  /** Rejects when it cannot be had here at all. */
  readonly ready: Promise<void>
  /** The path of the file. */
  readonly done: Promise<string>
  /** How long its sender may be silent. */
  silenceMaxMs: number
  #waiting = 0
  readonly #end = new AbortController()

  constructor(clock: Clock, place: Place, silenceMaxMs: number, work: DownloadWork) {
    this.place = place
    this.meter = new Meter(clock)
    this.silenceMaxMs = silenceMaxMs
    let begun: () => void = () => undefined
    const isReady = new Promise<void>(resolve => {
      begun = resolve
    })
    this.done = work(this, begun)
    this.ready = Promise.race([isReady, this.done.then(() => undefined)])
    for (const promise of [this.done, this.ready]) promise.catch(() => undefined)
  }

  get signal(): AbortSignal {
    return this.#end.signal
  }

  get isAwaited(): boolean {
    return this.#waiting > 0
  }

  /** Somebody waits for it until the answer is called. Of several the most patient one counts. */
  await(silenceMaxMs: number): () => void {
    this.silenceMaxMs = this.isAwaited ? Math.max(this.silenceMaxMs, silenceMaxMs) : silenceMaxMs
    this.#waiting += 1
    return () => {
      this.#waiting -= 1
    }
  }

  /** Resolves when it has ended. */
  async stop(): Promise<void> {
    this.#end.abort()
    await this.done.catch(() => undefined)
  }
}
