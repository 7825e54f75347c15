/**
 * Brings in an event that this device sealed outside of the log: the founding event of its person, whose id must
 * be known before the house can be built that the log stands in.
 */
import type { Opened, Recorded } from '../events/envelope.ts'
import { type Arrival, streamOf } from '../store/append-plan.ts'
import type { Admission } from './admission.ts'
import { ChatError, type Clock } from './api/index.ts'
import type { Job } from './appender.ts'
import type { StreamBook } from './stream-book.ts'

interface AdoptParts {
  readonly clock: Clock
  readonly book: StreamBook
  readonly admission: Admission
}

export class AdoptJob implements Job {
  readonly isRipe = true
  readonly #parts: AdoptParts
  readonly #founding: Opened
  readonly #resolve: (recorded: Recorded | undefined) => void
  readonly #reject: (error: unknown) => void

  constructor(
    parts: AdoptParts,
    founding: Opened,
    resolve: (recorded: Recorded | undefined) => void,
    reject: (error: unknown) => void,
  ) {
    this.#parts = parts
    this.#founding = founding
    this.#resolve = resolve
    this.#reject = reject
  }

  prepare(): Promise<void> | undefined {
    const { book } = this.#parts
    const stream = streamOf(this.#founding)
    return book.get(stream) === undefined ? book.load(stream) : undefined
  }

  decide(): readonly Arrival[] {
    const { clock, book, admission } = this.#parts
    const state = book.get(streamOf(this.#founding))!
    if (state.kept.some(({ id }) => id === this.#founding.id)) return []
    const entry = admission.judge(state, [this.#founding])
    // Without the plugin that keeps persons there is no law for their streams, and nobody who would read them.
    if (entry.kind === 'lawless') return []
    if (entry.kind === 'refused')
      throw new ChatError('NOT_ADMITTED', `event ${this.#founding.id} does not found a stream of this device`)
    book.note(this.#founding)
    return [{ event: this.#founding, receivedAt: clock.now(), via: 'self' }]
  }

  landed([recorded]: readonly Recorded[]): void {
    this.#resolve(recorded)
  }

  failed(error: unknown): void {
    this.#reject(error)
  }
}
