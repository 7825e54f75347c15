/**
 * Events that no signature covers yet. Until one does they are nobody's word, so they wait beside the source
 * that sent them: not stored, not acknowledged, not shown, and never mixed with what another source sent.
 */
import type { Opened } from '../events/envelope.ts'
import type { DeviceId } from '../events/ids.ts'
import { RUN_MAX_BYTES, RUN_MAX_EVENTS } from '../wire/limits.ts'
import { runBytesOf } from '../wire/run.ts'

/** Chains that one source may have half-sent at a time, and sources remembered. */
const TAILS_MAX = 8
const SOURCES_MAX = 64

const chainOf = ({ envelope }: Opened): string => envelope.stream + envelope.author

export class Quarantine {
  /** Source, then chain -> its uncovered events in order; oldest first in both. */
  readonly #sources = new Map<DeviceId, Map<string, readonly Opened[]>>()

  /** The events with what the same source sent before them, if they go on from there. */
  join(from: DeviceId, events: readonly Opened[]): readonly Opened[] {
    const first = events[0]
    const tails = this.#sources.get(from)
    if (first === undefined || tails === undefined) return events
    const tail = tails.get(chainOf(first))
    if (tail === undefined || tail.at(-1)?.id !== first.envelope.prev) return events
    tails.delete(chainOf(first))
    if (tails.size === 0) this.#sources.delete(from)
    return [...tail, ...events]
  }

  /** Keeps the uncovered end of what came. False when it is longer than any run may be. */
  keep(from: DeviceId, uncovered: readonly Opened[]): boolean {
    const first = uncovered[0]
    if (first === undefined) return true
    const bytes = uncovered.reduce((sum, event) => sum + runBytesOf(event), 0)
    if (uncovered.length >= RUN_MAX_EVENTS || bytes > RUN_MAX_BYTES) return false
    const tails = this.#sources.get(from) ?? new Map<string, readonly Opened[]>()
    tails.delete(chainOf(first))
    tails.set(chainOf(first), uncovered)
    if (tails.size > TAILS_MAX) tails.delete(tails.keys().next().value!)
    this.#sources.delete(from)
    this.#sources.set(from, tails)
    if (this.#sources.size > SOURCES_MAX) this.#sources.delete(this.#sources.keys().next().value!)
    return true
  }
}
