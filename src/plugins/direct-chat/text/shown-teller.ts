/**
 * Telling a device which of its texts were shown here. READ frames are not acknowledged, so the newest one is
 * said a few times more, each time after twice as long, and once more on every new path.
 */
import type { EventId } from '../../../events/ids.ts'
import type { Output } from '../../../kernel/api/index.ts'
import type { Base } from '../../../wire/compact.ts'
import { type Frame, prefixOf } from '../../../wire/frame.ts'
import type { Pointers } from './delivery-book.ts'
import { READ_AGAIN_FIRST_MS, READ_TIMES } from './limits.ts'
import type { Timers } from './timers.ts'

export class ShownTeller {
  readonly #pointers: Pointers
  readonly #timers: Timers
  readonly #answer: (frame: Frame, out: Output[]) => void
  #id: EventId | undefined
  #times = 0

  constructor(pointers: Pointers, timers: Timers, answer: (frame: Frame, out: Output[]) => void) {
    this.#pointers = pointers
    this.#timers = timers
    this.#answer = answer
  }

  /** Whether this is news. */
  show(seq: number, id: EventId): boolean {
    if (seq < this.#pointers.shown) return false
    this.#pointers.shown = seq + 1
    this.#id = id
    this.#times = 0
    return true
  }

  /** A new path: whoever is at its end may have missed all that was said before. */
  restart(): void {
    this.#times = 0
  }

  /** `tip`: the newest event of the device, whose id need not be remembered. */
  tell(tip: Base | undefined, out: Output[]): void {
    const seq = this.#pointers.shown - 1
    const id = tip?.seq === seq ? tip.id : this.#id
    if (id === undefined || seq < 0 || this.#times >= READ_TIMES) return
    this.#answer({ kind: 'read', stream: undefined, seq, prefix: prefixOf(id) }, out)
    this.#timers.arm('read', READ_AGAIN_FIRST_MS * 2 ** this.#times, out)
    this.#times += 1
  }
}
