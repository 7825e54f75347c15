/**
 * Frames that arrived before the event they build on. They wait by the prefix of that event, within bounds; what
 * does not fit is dropped, because its sender will send it again.
 */
import type { IdPrefix } from '../../../wire/frame.ts'
import { EARLY_BYTES_MAX, EARLY_FRAMES_MAX } from './limits.ts'

interface Early {
  readonly prefix: IdPrefix
  readonly bytes: Uint8Array
}

export class EarlyFrames {
  readonly #byBase = new Map<IdPrefix, Early>()
  #bytes = 0

  /** The prefix of the frame that waits longest. */
  get first(): IdPrefix | undefined {
    for (const { prefix } of this.#byBase.values()) return prefix
    return undefined
  }

  keep(base: IdPrefix, prefix: IdPrefix, bytes: Uint8Array): void {
    const isFull = this.#byBase.size >= EARLY_FRAMES_MAX || this.#bytes + bytes.length > EARLY_BYTES_MAX
    if (isFull || this.#byBase.has(base)) return
    this.#byBase.set(base, { prefix, bytes })
    this.#bytes += bytes.length
  }

  /** The frame that builds on this event, if it waits here. */
  release(base: IdPrefix): Uint8Array | undefined {
    const early = this.#byBase.get(base)
    if (early === undefined) return undefined
    this.#byBase.delete(base)
    this.#bytes -= early.bytes.length
    return early.bytes
  }

  clear(): void {
    this.#byBase.clear()
    this.#bytes = 0
  }
}
