/**
 * The persist timer (RFC 9293 §3.8.6.1): while the peer's window lets nothing leave, it is asked now and then, for
 * the ACK that opens it may be lost. The intervals grow, and the asking never ends by itself.
 */

const INTERVAL_MAX_MS = 60_000

export class Persist {
  /** undefined: the window is not what holds anything back. */
  dueAtMs: number | undefined
  #asked = 0

  /** The window is closed, or too small to be worth a segment, and nothing is under way. */
  wait(rtoMs: number, nowMs: number): void {
    this.dueAtMs ??= nowMs + Math.min(INTERVAL_MAX_MS, rtoMs * 2 ** Math.min(this.#asked, 16))
  }

  asked(): void {
    this.#asked++
    this.stop()
  }

  stop(): void {
    this.dueAtMs = undefined
  }

  opened(): void {
    this.#asked = 0
    this.stop()
  }
}
