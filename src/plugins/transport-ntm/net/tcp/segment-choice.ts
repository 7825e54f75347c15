/**
 * Which range may leave next by what the application has written and the peer's window allows; how fast and how
 * much of it is not asked here. Lost ranges come first, in the cuts that they left in.
 */
import type { Persist } from './persist.ts'
import { LOST, SACKED } from './records.ts'
import type { Scoreboard } from './scoreboard.ts'

export class SegmentChoice {
  /** What was chosen. */
  from = 0
  to = 0
  isAgain = false
  isProbe = false
  mssBytes: number
  offeredOffset: number
  windowEndOffset: number
  #largestWindowBytes = 0
  readonly #board: Scoreboard
  readonly #persist: Persist

  constructor(board: Scoreboard, persist: Persist, mssBytes: number, windowEndOffset: number) {
    this.#board = board
    this.#persist = persist
    this.mssBytes = mssBytes
    this.offeredOffset = board.endOffset
    this.windowEndOffset = windowEndOffset
  }

  get isOutstanding(): boolean {
    return this.#board.first < this.#board.end
  }

  /** Nothing that is under way lies within the peer's window. */
  get isClosed(): boolean {
    return this.windowEndOffset <= this.#board.ackedOffset
  }

  /** Everything that was written has left, and nothing of it is lost. */
  get isDry(): boolean {
    return this.offeredOffset <= this.#board.endOffset && this.#board.firstLost < 0
  }

  lost(): boolean {
    return this.#again(this.#board.firstLost)
  }

  fresh(rtoMs: number, nowMs: number): boolean {
    const from = this.#board.endOffset
    const to = Math.min(from + this.mssBytes, this.offeredOffset, this.windowEndOffset)
    if (from >= this.offeredOffset) return false
    this.#choose(from, to)
    const bytes = to - from
    if (bytes > 0 && (bytes === this.mssBytes || to === this.offeredOffset)) return true
    // Less than a segment because of the window: not worth its header (RFC 9293 §3.8.6.2.1).
    if (bytes > 0 && 2 * bytes >= this.#largestWindowBytes) return true
    if (!this.isOutstanding) this.#persist.wait(rtoMs, nowMs)
    return false
  }

  /** Something new if there is; else the end of the stream once more (RFC 8985 §7.3). */
  tail(rtoMs: number, nowMs: number): boolean {
    return this.fresh(rtoMs, nowMs) || this.#again(this.#board.lastOutstanding)
  }

  /** One byte, or what fits the window, although it is closed or hardly open. */
  probe(): boolean {
    const { isOutstanding } = this
    const from = isOutstanding ? this.#board.ackedOffset : this.#board.endOffset
    const fits = isOutstanding ? from : Math.min(this.windowEndOffset, from + this.mssBytes)
    this.#choose(from, Math.min(this.offeredOffset, Math.max(from + 1, fits)))
    this.isProbe = this.to > from
    return this.isProbe
  }

  /** Returns whether the window was closed and is open now. */
  openWindow(endOffset: number): boolean {
    const board = this.#board
    const formerEnd = this.windowEndOffset
    this.windowEndOffset = endOffset
    this.#largestWindowBytes = Math.max(this.#largestWindowBytes, endOffset - board.ackedOffset)
    if (endOffset <= formerEnd) return false
    this.#persist.opened()
    if (formerEnd > board.ackedOffset) return false
    // What had left beyond a closed window was thrown away.
    const { first } = board
    if (this.isOutstanding && board.startOf(first) >= formerEnd && !board.is(first, LOST | SACKED)) {
      board.markLost(first)
    }
    return true
  }

  #again(record: number): boolean {
    // Its beginning counts: a window may seem to end a little earlier than before, and all of it fitted once.
    if (record < 0 || this.#board.startOf(record) >= this.windowEndOffset) return false
    this.#choose(this.#board.startOf(record), this.#board.endOf(record))
    return true
  }

  #choose(from: number, to: number): void {
    this.from = from
    this.to = to
    this.isAgain = from < this.#board.endOffset
    this.isProbe = false
  }
}
