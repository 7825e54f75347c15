/**
 * When what arrived is acknowledged (RFC 9293 §3.8.6.3, RFC 5681 §4.2): at once for every second full segment, for
 * the end of a small message, and for all that repairs or reports a gap; else within a short time. At once is at the
 * end of a batch, where one acknowledgement can say it.
 */
import { ACK_DELAY_MS, DEFAULT_MSS_IPV4 } from './limits.ts'

export class AckDelay {
  /** An acknowledgement leaves at the end of this batch. */
  isDue = false
  /**
   * It leaves before more is taken. It can tell of few pieces, and what it does not tell of counts as lost: a batch may
   * bring more of them than fit into one, and each shall stand in several, for acknowledgements are lost too.
   */
  isPressing = false
  deadlineMs: number | undefined
  #unackedBytes = 0
  /** Largest payload so far: what the peer sends when it has enough to send. */
  #fullBytes = DEFAULT_MSS_IPV4

  /** `bytes` came in order, and nothing is missing before or behind them. */
  arrived(bytes: number, isPush: boolean, nowMs: number): void {
    this.#unackedBytes += bytes
    const isEndOfSmall = isPush && bytes < this.#fullBytes
    if (bytes > this.#fullBytes) this.#fullBytes = bytes
    if (isEndOfSmall || this.#unackedBytes >= 2 * this.#fullBytes) this.isDue = true
    else this.deadlineMs ??= nowMs + ACK_DELAY_MS
  }

  /** Everything that has arrived is acknowledged. */
  sent(): void {
    this.isDue = false
    this.isPressing = false
    this.deadlineMs = undefined
    this.#unackedBytes = 0
  }

  wake(nowMs: number): void {
    if (this.deadlineMs !== undefined && this.deadlineMs <= nowMs) this.isDue = true
  }
}
