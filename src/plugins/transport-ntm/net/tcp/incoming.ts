/**
 * The receiver half of one connection: what is taken of a segment's text, what is missing, how much more may come,
 * and when and how that is acknowledged.
 */
import { AckDelay } from './ack-delay.ts'
import type { Options } from './options.ts'
import { ReceiveQueue } from './receive-queue.ts'
import type { ReceiveWindow } from './receive-window.ts'
import { SackBlocks } from './sack-blocks.ts'

export class Incoming {
  /** The peer's initial sequence number. */
  initial = 0
  readonly queue = new ReceiveQueue()
  readonly window: ReceiveWindow
  readonly ack = new AckDelay()
  isSackPermitted = false
  /** Everything below, FIN included, has arrived: RCV.NXT. */
  next = 1
  #finOffset: number | undefined
  readonly #sacks = new SackBlocks()
  duplicateBytes = 0
  outOfOrderSegments = 0

  constructor(window: ReceiveWindow) {
    this.window = window
  }

  /** The peer has said everything, and all of it has arrived. */
  get isFinished(): boolean {
    return this.#finOffset !== undefined && this.next > this.#finOffset
  }

  /** The reader has read everything that there will ever be. */
  get isReadOut(): boolean {
    return this.isFinished && this.queue.unreadBytes === 0
  }

  /**
   * Whether a segment may be looked at (RFC 9293 §3.10.7.4, first check). One that begins where the window ends is
   * let through for its acknowledgement: a sender that has filled the window acknowledges from there.
   */
  isAcceptable(seq: number, length: number): boolean {
    if (seq > this.window.edge) return false
    return length === 0 ? seq >= this.next : seq + length > this.next
  }

  /** Reports what lies below `next` as having arrived twice. */
  arrivedAgain(from: number, to: number): void {
    this.duplicateBytes += to - from
    this.#sacks.arrivedAgain(from, to)
    this.ack.isDue = true
  }

  /** Takes what is new of the text of an acceptable segment. */
  take(seq: number, payload: Uint8Array, isFin: boolean, isPush: boolean, nowMs: number): void {
    const hadGap = this.queue.pieces.count > 0
    const end = seq + payload.length
    if (isFin && this.#finOffset === undefined && end <= this.window.edge && end >= this.queue.end)
      this.#finOffset = end
    const to = Math.min(end, this.#finOffset ?? end, this.window.edge)
    const from = Math.max(seq, this.queue.next)
    if (from > seq && payload.length > 0) this.arrivedAgain(seq, Math.min(from, end))
    if (to > from)
      this.#store(from, to === end && from === seq ? payload : payload.subarray(from - seq, to - seq), nowMs)
    this.next = this.queue.next
    if (this.next === this.#finOffset) this.next++
    if (isFin || this.isFinished || hadGap || from > this.queue.next || to < end) this.ack.isDue = true
    else if (to > from) this.ack.arrived(to - from, isPush, nowMs)
  }

  #store(from: number, bytes: Uint8Array, nowMs: number): void {
    const { queue } = this
    const to = from + bytes.length
    if (from > queue.next) {
      this.outOfOrderSegments++
      const piece = queue.pieces.indexOf(from)
      if (piece >= 0) this.arrivedAgain(from, Math.min(to, queue.pieces.to(piece)))
    }
    if (!queue.take(from, bytes, this.window.capacityBytes)) return
    if (from > queue.next) {
      this.#used(nowMs)
      const isOther = this.#sacks.arrived(from, queue.pieces)
      this.ack.isPressing = isOther && this.ack.isDue && this.isSackPermitted
      this.ack.isDue = true
    }
  }

  /** The view of what comes next in the stream. */
  read(nowMs: number): Buffer | undefined {
    const view = this.queue.read()
    if (view !== undefined) this.#used(nowMs)
    return view
  }

  #used(nowMs: number): void {
    const { queue, window } = this
    window.used(queue.readOffset - 1, queue.unreadBytes === 0 ? queue.pieces.bytes : 0, nowMs)
  }

  get isWindowUpdateDue(): boolean {
    return !this.isFinished && this.window.isUpdateDue(this.queue.next, this.queue.unreadBytes)
  }

  /** Something has arrived beyond what is missing, or twice, and the peer understands what says so. */
  get hasReport(): boolean {
    return this.isSackPermitted && (this.queue.pieces.count > 0 || this.#sacks.hasDuplicate)
  }

  /** What stands in the window field of a segment that leaves now. */
  get windowField(): number {
    return this.window.field(this.queue.next, this.queue.unreadBytes)
  }

  fillSacks(options: Options, room: number): void {
    if (this.isSackPermitted && room > 0) this.#sacks.fill(options, this.queue.pieces, this.initial, room)
  }
}
