/**
 * The window that is offered to the peer. What lies below its right edge is always taken, and the edge never moves
 * back; what a header says of it may, by less than a unit (RFC 7323 §2.4). It moves on by no less than a segment
 * (silly windows, RFC 9293 §3.8.6.2.2), and the window's size follows how fast the application reads.
 */
import {
  RECEIVE_AHEAD,
  RECEIVE_GROWTH_BYTES,
  RECEIVE_MAX_BYTES,
  RECEIVE_PERIOD_MS,
  RECEIVE_START_BYTES,
  RTT_GUESS_MS,
} from './limits.ts'

const FIELD_MAX = 0xffff

/** What the windows of all connections of a stack have grown by, together. */
export class ReceiveBudget {
  #grownBytes = 0

  /** Gives as much of it as there is. */
  take(bytes: number): number {
    const given = Math.max(0, Math.min(bytes, RECEIVE_GROWTH_BYTES - this.#grownBytes))
    this.#grownBytes += given
    return given
  }

  /** Windows may grow by what nobody has read yet. The rest is for those whose bytes are read. */
  get isAmple(): boolean {
    return 2 * this.#grownBytes < RECEIVE_GROWTH_BYTES
  }

  giveBack(bytes: number): void {
    this.#grownBytes -= bytes
  }
}

export class ReceiveWindow {
  capacityBytes = RECEIVE_START_BYTES
  /** The peer may send what lies below. */
  edge = 1 + Math.min(FIELD_MAX, RECEIVE_START_BYTES)
  scale = 0
  #rttMs: number | undefined
  #usedBytes = 0
  #usedSinceMs: number | undefined
  #isClosed = false
  readonly #budget: ReceiveBudget
  readonly #segmentBytes: number

  constructor(budget: ReceiveBudget, segmentBytes: number) {
    this.#budget = budget
    this.#segmentBytes = segmentBytes
  }

  /** Moves the edge on, if it is worth it, and gives what stands in the header for it. */
  field(next: number, unreadBytes: number): number {
    const edge = next + this.capacityBytes - unreadBytes
    if (edge - this.edge >= this.#worthwhileBytes) this.edge = edge
    // Rounded up, because rounding down would take back what was offered; but a peer that sends byte by byte may not
    // gain by that what the buffer has not (RFC 7323 §2.4 lets less than a unit be taken back).
    const unit = 2 ** this.scale
    const units = Math.max(0, this.edge - next) / unit
    const isRoomLeft = next + Math.ceil(units) * unit <= edge + unit
    const field = Math.min(FIELD_MAX, isRoomLeft ? Math.ceil(units) : Math.floor(units))
    this.edge = Math.max(this.edge, next + field * unit)
    return field
  }

  /** A SYN carries its window unscaled. */
  get synField(): number {
    return Math.min(FIELD_MAX, this.capacityBytes)
  }

  /** Whether the peer should hear that there is room again: it has less than half of what it could have. */
  isUpdateDue(next: number, unreadBytes: number): boolean {
    const edge = next + this.capacityBytes - unreadBytes
    return edge - this.edge >= 2 * this.#worthwhileBytes && this.edge - next < this.capacityBytes / 2
  }

  /** A round trip as the receiver sees it; the shortest counts most, because a pause of the peer makes it longer. */
  measured(rttMs: number): void {
    if (this.#rttMs === undefined || rttMs < this.#rttMs) this.#rttMs = rttMs
    else this.#rttMs += (rttMs - this.#rttMs) / 8
  }

  /**
   * The application has read so much in all, and would have read what waits behind a gap. The first round trips of a
   * connection that loses something would bring little else, and the sender would take that for all that the path carries.
   */
  used(readBytes: number, waitingBytes: number, nowMs: number): void {
    const bytes = readBytes + (this.#budget.isAmple ? waitingBytes : 0)
    this.#usedSinceMs ??= nowMs
    const elapsedMs = nowMs - this.#usedSinceMs
    const periodMs = Math.max(RECEIVE_PERIOD_MS, this.#rttMs ?? RTT_GUESS_MS)
    if (elapsedMs < periodMs || bytes <= this.#usedBytes) return
    this.#grow(RECEIVE_AHEAD * (bytes - this.#usedBytes) * (periodMs / elapsedMs))
    this.#usedBytes = bytes
    this.#usedSinceMs = nowMs
  }

  /** Nothing more will arrive. What has arrived may still be read, and grows nothing that nobody would give back. */
  close(): void {
    this.#isClosed = true
    this.#budget.giveBack(this.capacityBytes - RECEIVE_START_BYTES)
    this.capacityBytes = RECEIVE_START_BYTES
  }

  #grow(wantedBytes: number): void {
    if (this.#isClosed) return
    const most = Math.min(RECEIVE_MAX_BYTES, FIELD_MAX * 2 ** this.scale, Math.floor(wantedBytes))
    if (most > this.capacityBytes) this.capacityBytes += this.#budget.take(most - this.capacityBytes)
  }

  get #worthwhileBytes(): number {
    return Math.min(this.capacityBytes / 2, this.#segmentBytes)
  }
}
