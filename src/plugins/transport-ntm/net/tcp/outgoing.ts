/**
 * The sender half of one connection as the rest of it sees it: the bytes, the FIN behind them, and the peer's window
 * as its segments tell. When what leaves is decided by `Sending`.
 */
import type { CongestionControl } from './congestion.ts'
import { SEND_AHEAD, SEND_MAX_BYTES, SEND_START_BYTES } from './limits.ts'
import { FLAG, type Segment } from './segment.ts'
import { SendQueue } from './send-queue.ts'
import type { Sending } from './sending.ts'
import { offsetOf } from './sequence.ts'

export class Outgoing {
  /** The own initial sequence number. */
  readonly initial: number
  readonly queue = new SendQueue()
  readonly sending: Sending
  readonly #congestion: CongestionControl
  /** What the peer's window field is multiplied with, as a power of two. */
  windowScale = 0
  finOffset: number | undefined
  /** The peer says what has arrived beyond what is missing. */
  usesSack = false
  /** How often in a row it acknowledged nothing new and had nothing else to say (RFC 5681 §2). */
  #repeats = 0
  /** Where the peer's window ends, which it may take back. */
  #windowEnd = 1
  #windowMaxBytes = 0
  /** The segment that told of the window: SND.WL1 and SND.WL2. */
  #toldSeq = 0
  #toldAck = 0
  /** Filled anew for each acknowledgement. */
  readonly #sacks: number[] = []

  constructor(initial: number, sending: Sending, congestion: CongestionControl) {
    this.initial = initial
    this.sending = sending
    this.#congestion = congestion
  }

  /** Bytes that may be written now. */
  get roomBytes(): number {
    const wanted = Math.max(SEND_START_BYTES, SEND_AHEAD * this.#congestion.cwndBytes)
    return Math.min(SEND_MAX_BYTES, wanted) - this.queue.heldBytes
  }

  /** Everything that was written and the FIN behind it, if there is one: what there is to say so far. */
  get end(): number {
    return this.finOffset === undefined ? this.queue.end : this.finOffset + 1
  }

  get isAllAcked(): boolean {
    return this.sending.ackedOffset >= this.end
  }

  get isFinAcked(): boolean {
    return this.finOffset !== undefined && this.isAllAcked
  }

  get isWindowClosed(): boolean {
    return this.#windowEnd <= this.sending.ackedOffset
  }

  /** Nothing more will be written. */
  finish(): void {
    this.finOffset ??= this.queue.end
  }

  /** The offset that a segment acknowledges. */
  ackOf(segment: Segment): number {
    return offsetOf(this.initial, this.sending.ackedOffset, segment.ack)
  }

  /** RFC 5961 §5.2: what is older was not sent by an honest peer. */
  isPlausible(ack: number): boolean {
    const { ackedOffset, sentOffset } = this.sending
    return ack <= sentOffset && ack >= ackedOffset - this.#windowMaxBytes
  }

  /** A plausible acknowledgement that is not older than what was acknowledged before. */
  acked(segment: Segment, seq: number, ack: number, rttMs: number | undefined, nowMs: number): void {
    const formerEnd = this.#windowEnd
    if (seq > this.#toldSeq || (seq === this.#toldSeq && ack >= this.#toldAck)) {
      this.#toldSeq = seq
      this.#toldAck = ack
      // The window of a SYN is never scaled (RFC 7323 §2.2).
      this.#setWindow(ack + segment.window * (segment.has(FLAG.syn) ? 1 : 2 ** this.windowScale))
    }
    this.#readSacks(segment)
    const { ackedOffset, sentOffset } = this.sending
    const isSame = ack === ackedOffset && segment.length === 0 && this.#windowEnd === formerEnd
    // Of what was never sent nothing can be missing: answers to keepalives are no duplicates.
    const isRepeat = isSame && sentOffset > ackedOffset
    this.sending.acked(ack, this.#sacks, this.#windowEnd, rttMs, nowMs)
    this.queue.acked(Math.max(1, ack))
    this.#repeats = isRepeat && !this.usesSack && !this.isWindowClosed ? this.#repeats + 1 : 0
    if (this.#repeats > 0) this.sending.repeated(this.#repeats, nowMs)
  }

  #setWindow(end: number): void {
    this.#windowEnd = end
    this.#windowMaxBytes = Math.max(this.#windowMaxBytes, end - this.#toldAck)
  }

  /** Blocks of what was never sent, or without extent, are left out. */
  #readSacks({ options }: Segment): void {
    this.#sacks.length = 0
    const { ackedOffset, sentOffset } = this.sending
    for (let word = 0; word < 2 * options.sackBlocks; word += 2) {
      const from = offsetOf(this.initial, ackedOffset, options.sacks[word]!)
      const to = offsetOf(this.initial, ackedOffset, options.sacks[word + 1]!)
      if (from < to && from >= 0 && to <= sentOffset) this.#sacks.push(from, to)
    }
  }
}
