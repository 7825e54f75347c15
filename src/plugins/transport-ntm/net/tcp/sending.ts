/**
 * The sender half of one connection, pure: it knows offsets and times, never bytes. Asked by `next` what may leave
 * now, told by `sent` and `acked` what happened, woken at `wakeAt`.
 *
 * Offsets only grow: 0 is the SYN, 1 the first byte, the FIN counts one after the last byte. The SYN is offered as
 * `offer(1)` with `startOffset` 0, or the connection does its handshake alone and begins here at `startOffset` 1.
 */
import type { CongestionControl } from './congestion.ts'

export interface SendingOptions {
  readonly congestion: CongestionControl
  /** Payload of the largest segment, options taken off. */
  readonly mssBytes: number
  readonly nowMs: number
  /** First offset that is not yet acknowledged: 0 (with the SYN) unless told. */
  readonly startOffset?: number
  /** Where the peer's window ends: only the SYN may leave unless told. */
  readonly windowEndOffset?: number
}

export interface SendingFacts {
  readonly congestion: string
  readonly phase: string
  readonly mssBytes: number
  /** undefined before the first sample. */
  readonly srttMs: number | undefined
  readonly rttVarMs: number | undefined
  readonly minRttMs: number | undefined
  readonly rtoMs: number
  readonly cwndBytes: number
  readonly pacingBytesPerMs: number
  readonly deliveryBytesPerMs: number
  readonly inFlightBytes: number
  readonly sentBytes: number
  readonly retransmittedBytes: number
  readonly deliveredBytes: number
  readonly lostBytes: number
  readonly timeouts: number
  readonly tailProbes: number
  readonly zeroWindowProbes: number
  readonly undone: number
  readonly isRecovering: boolean
}

export class Sending {
  /** What `next` answered with. */
  from = 0
  to = 0
  /** It left before. */
  isAgain = false
  /** It is a byte beyond a closed window, sent to hear whether it is still closed. */
  isProbe = false
  /** Timeouts (and unanswered probes of a closed window) in a row: the connection decides when to give up. */
  backoffs = 0
  #ackedOffset: number
  #sentOffset: number
  #offeredOffset = 0
  #windowEndOffset: number
  #mssBytes: number
  readonly #congestion: CongestionControl

  constructor(options: SendingOptions) {
    this.#congestion = options.congestion
    this.#mssBytes = options.mssBytes
    this.#ackedOffset = options.startOffset ?? 0
    this.#sentOffset = this.#ackedOffset
    this.#windowEndOffset = options.windowEndOffset ?? 1
  }

  /** Everything below has been acknowledged. */
  get ackedOffset(): number {
    return this.#ackedOffset
  }

  /** Everything below has left at least once. */
  get sentOffset(): number {
    return this.#sentOffset
  }

  /** The path carries larger or only smaller segments from now on; what is in flight is cut anew if sent again. */
  setMss(bytes: number): void {
    this.#mssBytes = bytes
  }

  /** The application has written up to here. */
  offer(endOffset: number): void {
    this.#offeredOffset = Math.max(this.#offeredOffset, endOffset)
  }

  /** Fills `from`, `to`, `isAgain`, `isProbe` with what may leave now; false: nothing. Ask again after `sent`. */
  next(_nowMs: number): boolean {
    const room = Math.min(
      this.#offeredOffset,
      this.#windowEndOffset,
      this.#ackedOffset + this.#congestion.cwndBytes,
    )
    this.from = this.#sentOffset
    this.to = Math.min(this.from + this.#mssBytes, room)
    return this.to > this.from
  }

  sent(_from: number, to: number, _nowMs: number): void {
    this.#sentOffset = Math.max(this.#sentOffset, to)
  }

  /**
   * An acceptable ACK came. `sacks` are pairs of offsets in the order of the option (a D-SACK first), `rttMs` is now
   * less the echoed timestamp where the connection has timestamps. Call it for every ACK, pure window updates too.
   */
  acked(
    ackOffset: number,
    _sacks: readonly number[],
    windowEndOffset: number,
    _rttMs: number | undefined,
    _nowMs: number,
  ): void {
    this.#ackedOffset = Math.max(this.#ackedOffset, ackOffset)
    this.#windowEndOffset = windowEndOffset
  }

  /** When `wake` is due; undefined: only an ACK or an offer changes anything. */
  wakeAt(): number | undefined {
    return undefined
  }

  /** Runs the timers that are due; then ask `next`. */
  wake(_nowMs: number): void {}

  /** The path is another one now: RTT and congestion start anew, and nothing counts as lost for it. */
  turned(_nowMs: number): void {}

  facts(): SendingFacts {
    return {
      congestion: this.#congestion.name,
      phase: this.#congestion.phase,
      mssBytes: this.#mssBytes,
      srttMs: undefined,
      rttVarMs: undefined,
      minRttMs: undefined,
      rtoMs: 1_000,
      cwndBytes: this.#congestion.cwndBytes,
      pacingBytesPerMs: this.#congestion.pacingBytesPerMs,
      deliveryBytesPerMs: 0,
      inFlightBytes: this.#sentOffset - this.#ackedOffset,
      sentBytes: this.#sentOffset,
      retransmittedBytes: 0,
      deliveredBytes: this.#ackedOffset,
      lostBytes: 0,
      timeouts: 0,
      tailProbes: 0,
      zeroWindowProbes: 0,
      undone: 0,
      isRecovering: false,
    }
  }
}
