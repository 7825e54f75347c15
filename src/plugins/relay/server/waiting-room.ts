/**
 * The first packets for a side that is not bound yet. Both sides learn of the relay at about the same time, and
 * the one that is quicker sends a handshake that it would repeat only after seconds; so a few wait here for moments.
 */
import { WAITING_MAX_MS, WAITING_PACKET_BYTES, WAITING_PACKETS_MAX, WAITING_SLOTS_MAX } from './limits.ts'

interface Waiting {
  readonly frames: Uint8Array[]
  readonly sinceMs: number
}

export class WaitingRoom<K> {
  readonly #waiting = new Map<K, Waiting>()

  /** Keeps a copy, if there is room. */
  keep(sender: K, frame: Uint8Array, nowMs: number): boolean {
    let waiting = this.#waiting.get(sender)
    if (waiting !== undefined && nowMs - waiting.sinceMs >= WAITING_MAX_MS) {
      this.#waiting.delete(sender)
      waiting = undefined
    }
    if (frame.length > WAITING_PACKET_BYTES || (waiting?.frames.length ?? 0) >= WAITING_PACKETS_MAX)
      return false
    if (waiting === undefined) {
      if (this.#waiting.size >= WAITING_SLOTS_MAX && !this.#dropOldest()) return false
      waiting = { frames: [], sinceMs: nowMs }
      this.#waiting.set(sender, waiting)
    }
    waiting.frames.push(new Uint8Array(frame))
    return true
  }

  /** What this sender's packets are, if they have not waited too long. */
  take(sender: K, nowMs: number): readonly Uint8Array[] {
    const waiting = this.#waiting.get(sender)
    this.#waiting.delete(sender)
    return waiting === undefined || nowMs - waiting.sinceMs >= WAITING_MAX_MS ? [] : waiting.frames
  }

  #dropOldest(): boolean {
    const [oldest] = this.#waiting.keys()
    return oldest !== undefined && this.#waiting.delete(oldest)
  }
}
