/**
 * What kept files from arriving that are still wanted. None of them is tried again before its pause is over, however often
 * its sender is heard of: a disk that is full, or a sender who says no, would be asked over and over.
 */
import type { EventId } from '../../events/ids.ts'
import type { ChatError, Clock } from '../../kernel/api/index.ts'
import { SETBACK_FIRST_MS, SETBACK_MAX_MS } from './limits.ts'

interface Setback {
  readonly error: ChatError
  readonly pauseMs: number
  readonly untilMs: number
}

export class Setbacks {
  readonly #clock: Pick<Clock, 'monotonicMs'>
  readonly #setbacks = new Map<EventId, Setback>()

  constructor(clock: Pick<Clock, 'monotonicMs'>) {
    this.#clock = clock
  }

  /** Why it does not arrive; undefined when nothing is known against it. */
  of(offer: EventId): ChatError | undefined {
    return this.#setbacks.get(offer)?.error
  }

  mayTry(offer: EventId): boolean {
    return (this.#setbacks.get(offer)?.untilMs ?? 0) <= this.#clock.monotonicMs()
  }

  /** Each pause is twice as long as the one before. */
  add(offer: EventId, error: ChatError): void {
    const last = this.#setbacks.get(offer)
    const pauseMs = last === undefined ? SETBACK_FIRST_MS : Math.min(SETBACK_MAX_MS, 2 * last.pauseMs)
    this.#setbacks.set(offer, { error, pauseMs, untilMs: this.#clock.monotonicMs() + pauseMs })
  }

  /** Its sender is not there: what failed for want of a path is tried as soon as there is one. */
  parted(offer: EventId): void {
    const last = this.#setbacks.get(offer)
    if (last?.error.code === 'PEER_UNREACHABLE')
      this.#setbacks.set(offer, { ...last, pauseMs: SETBACK_FIRST_MS / 2, untilMs: 0 })
  }

  /** It arrived, or somebody asks for it anew. */
  forget(offer: EventId): void {
    this.#setbacks.delete(offer)
  }
}
