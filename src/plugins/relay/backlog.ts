/**
 * Packets that may not have got through because the channel was not bound: the last few, each with the claim that
 * it was sent behind. They go out again when a later claim turns out to be the one that worked.
 */
import { BACKLOG_MAX, BACKLOG_MAX_MS, BACKLOG_PACKET_BYTES } from './limits.ts'

interface Kept {
  readonly packet: Uint8Array
  readonly sinceMs: number
  /** Counter of the last claim before it; 0 if it was never sent. */
  behind: number
}

export class Backlog {
  #kept: Kept[] = []

  /** Keeps a copy; the oldest makes room. */
  keep(packet: Uint8Array, behind: number, sinceMs: number): void {
    if (packet.length > BACKLOG_PACKET_BYTES) return
    if (this.#kept.length >= BACKLOG_MAX) this.#kept.shift()
    this.#kept.push({ packet: new Uint8Array(packet), behind, sinceMs })
  }

  /** Sends again what did not go out behind this claim or a later one, and is not stale. */
  resend(counter: number, nowMs: number, send: (packet: Uint8Array) => void): void {
    this.#kept = this.#kept.filter(({ sinceMs }) => nowMs - sinceMs < BACKLOG_MAX_MS)
    for (const each of this.#kept) {
      if (each.behind >= counter) continue
      each.behind = counter
      send(each.packet)
    }
  }

  clear(): void {
    this.#kept = []
  }
}
