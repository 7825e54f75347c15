/**
 * When to look whether this machine's addresses are still the same, for systems that do not tell: often while datagrams
 * leave, because whoever talks must not wait for it, and rarely otherwise, because every look wakes the processor of a
 * machine that has nothing to do.
 */

/** Whoever talks waits no longer than this. */
export const LOOK_BUSY_MS = 200
export const LOOK_IDLE_MS = 2_000
/** Looks after the last datagram before the machine counts as idle. */
export const LOOKS_BUSY = 25

export interface AddressWatchParts {
  readonly look: () => Promise<void>
  /** Arms a timer that keeps no process alive; returns how to cancel it. */
  readonly after: (delayMs: number, run: () => void) => () => void
}

export class AddressWatch {
  readonly #parts: AddressWatchParts
  #busyLooks = LOOKS_BUSY
  #cancel = (): void => {}
  #isStopped = false

  constructor(parts: AddressWatchParts) {
    this.#parts = parts
    this.#look()
  }

  /** A datagram leaves. After a quiet time the machine may be elsewhere already. */
  flowed(): void {
    const wasIdle = this.#busyLooks === 0
    this.#busyLooks = LOOKS_BUSY
    if (wasIdle) this.#look()
  }

  stop(): void {
    this.#isStopped = true
    this.#cancel()
  }

  #look(): void {
    this.#cancel()
    this.#busyLooks = Math.max(0, this.#busyLooks - 1)
    const pauseMs = this.#busyLooks > 0 ? LOOK_BUSY_MS : LOOK_IDLE_MS
    if (!this.#isStopped) this.#cancel = this.#parts.after(pauseMs, () => this.#look())
    void this.#parts.look()
  }
}
