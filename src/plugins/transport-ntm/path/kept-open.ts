/**
 * Whose paths are kept open though nobody talks. While a coordinator is there it finds everybody again, and an idle path
 * may be forgotten by every NAT on its way. Without one, two idle people would lose each other for good: so the few who
 * were talked with last are asked now and then by the path in use, and called again, ever more rarely, when they are lost.
 */
import type { Clock } from '../../../kernel/api/index.ts'
import type { Entry } from './entry.ts'
import { CALLED_AGAIN_MAX_MS, CALLED_AGAIN_MIN_MS, KEPT_OPEN_MAX } from './limits.ts'

export interface KeptOpenParts {
  readonly clock: Pick<Clock, 'after'>
  readonly entries: () => Iterable<Entry>
  /** Tells the paths of a peer whether they are kept open. */
  readonly keep: (entry: Entry, isKept: boolean) => void
  /** Begins to open a tunnel wherever the peer may be. */
  readonly call: (entry: Entry) => void
}

/** Who was talked with last comes first. */
export const latestFirst = (entries: Iterable<Entry>): readonly Entry[] =>
  [...entries].sort((one, other) => other.neighbour.talkedMs - one.neighbour.talkedMs)

interface Lost {
  pauseMs: number
  cancel: () => void
}

export class KeptOpen {
  readonly #parts: KeptOpenParts
  #isAlone = false
  #kept: readonly Entry[] = []
  readonly #lost = new Map<Entry, Lost>()

  constructor(parts: KeptOpenParts) {
    this.#parts = parts
  }

  /** Whether there is no coordinator to ask. */
  alone(isAlone: boolean): void {
    if (isAlone === this.#isAlone) return
    this.#isAlone = isAlone
    if (!isAlone) for (const entry of [...this.#lost.keys()]) this.forget(entry)
    this.#choose()
  }

  /** Somebody is met, or talked with again. */
  met(entry: Entry): void {
    if (!this.#isAlone) return
    if (entry.paths.isUp) this.forget(entry)
    this.#choose()
  }

  /** Nobody answers there any more. */
  lost(entry: Entry): void {
    if (!this.#isAlone || !this.#kept.includes(entry)) return
    const lost = this.#lost.get(entry) ?? { pauseMs: CALLED_AGAIN_MIN_MS / 2, cancel: () => {} }
    lost.pauseMs = Math.min(2 * lost.pauseMs, CALLED_AGAIN_MAX_MS)
    lost.cancel()
    lost.cancel = this.#parts.clock.after(lost.pauseMs, () => this.#parts.call(entry))
    this.#lost.set(entry, lost)
  }

  forget(entry: Entry): void {
    this.#lost.get(entry)?.cancel()
    this.#lost.delete(entry)
  }

  #choose(): void {
    const { entries, keep } = this.#parts
    const known = latestFirst(entries()).filter(entry => entry.paths.isUp || this.#lost.has(entry))
    const kept = this.#isAlone ? known.slice(0, KEPT_OPEN_MAX) : []
    for (const entry of this.#kept) if (!kept.includes(entry)) keep(entry, false)
    for (const entry of kept) if (!this.#kept.includes(entry)) keep(entry, true)
    this.#kept = kept
  }
}
