/**
 * Loss by time (RFC 8985): what left before something that has arrived, and has had a round trip and some patience
 * more, is lost. The patience is a quarter of a round trip, none where nothing was ever reordered and much is missing,
 * and grows with each D-SACK that tells of a segment sent again for nothing.
 */
import { AGAIN } from './records.ts'
import type { RoundTrips } from './rto.ts'
import type { Scoreboard } from './scoreboard.ts'

/** Of the smallest round trip: one step of patience (RFC 8985 §6.2 step 4). */
const PATIENCE_SHARE = 0.25
/** Recoveries after which patience is back at one step. */
const PATIENCE_RECOVERIES = 16
/** Sacked segments beyond a hole, or ACKs that do not advance, which make it a loss at once (RFC 6675, RFC 5681 §3.2). */
export const DUPLICATES = 3

export class Rack {
  isReorderingSeen = false
  /** When the next loss falls due; undefined: none is waited for. */
  dueAtMs: number | undefined
  /** The newest retransmission that the last `detect` found lost; 0: none. */
  newestLostOrder = 0
  #newestOrder = 0
  #rttMs = 0
  /** The furthest offset delivered so far: what arrives below it for the first time was overtaken. */
  #furthest = 0
  #patience = 1
  #recoveriesLeft = 0
  #duplicateRoundEnd = 0
  /** Until the old path's last segments are judged, by the old path's round trip. */
  #staleRttMs = 0

  /** A record was delivered, on the path of now; called before anything of it is forgotten. */
  delivered(board: Scoreboard, record: number, minRttMs: number, nowMs: number): void {
    const at = board.at(record)
    const rttMs = nowMs - board.sentAtMs[at]!
    const wasAgain = board.is(record, AGAIN)
    const end = board.endOf(record)
    if (end > this.#furthest) this.#furthest = end
    else if (!wasAgain) this.isReorderingSeen = true
    // An answer that came too soon after a retransmission is one to the original (RFC 8985 §6.2 step 2).
    if (wasAgain && rttMs < minRttMs) return
    if (board.order[at]! <= this.#newestOrder) return
    this.#newestOrder = board.order[at]!
    this.#rttMs = rttMs
  }

  /** A D-SACK said that a segment came twice: once a round trip, patience grows by a step. */
  duplicateSeen(board: Scoreboard): void {
    this.isReorderingSeen = true
    if (board.ackedOffset < this.#duplicateRoundEnd) return
    this.#duplicateRoundEnd = board.endOffset
    this.#patience++
    this.#recoveriesLeft = PATIENCE_RECOVERIES
  }

  recovered(): void {
    if (this.#recoveriesLeft > 0 && --this.#recoveriesLeft === 0) this.#patience = 1
  }

  patienceMs(board: Scoreboard, trips: RoundTrips, isRecovering: boolean): number {
    if (!this.isReorderingSeen && (isRecovering || board.sackedRecords >= DUPLICATES)) return 0
    const stepMs = Number.isFinite(trips.minRttMs) ? trips.minRttMs * PATIENCE_SHARE : 0
    return Math.min(this.#patience * stepMs, trips.srttMs ?? 0)
  }

  /**
   * Marks what is lost by now and returns how much of it counts (what left before the path turned does not). The
   * list is in the order of time, so the first record that still has time ends the walk.
   */
  detect(board: Scoreboard, trips: RoundTrips, isRecovering: boolean, nowMs: number): number {
    this.dueAtMs = undefined
    this.newestLostOrder = 0
    let lostBytes = 0
    const patienceMs = this.patienceMs(board, trips, isRecovering)
    for (let record = board.oldestInFlight; record >= 0; record = board.oldestInFlight) {
      const at = board.at(record)
      if (board.order[at]! >= this.#newestOrder) break
      const isStale = board.isStale(record)
      const rttMs = isStale ? Math.max(this.#rttMs, this.#staleRttMs) : this.#rttMs
      const dueAtMs = board.sentAtMs[at]! + rttMs + patienceMs
      if (dueAtMs > nowMs) {
        this.dueAtMs = dueAtMs
        break
      }
      if (!isStale) {
        lostBytes += board.bytesOf(record)
        if (board.is(record, AGAIN)) this.newestLostOrder = board.order[at]!
      }
      board.markLost(record)
    }
    return lostBytes
  }

  /** Segments of the old path may take as long as that path took, whatever the new one is like. */
  turned(staleRttMs: number): void {
    this.#staleRttMs = staleRttMs
    this.isReorderingSeen = false
    this.#patience = 1
    this.#recoveriesLeft = 0
  }
}
