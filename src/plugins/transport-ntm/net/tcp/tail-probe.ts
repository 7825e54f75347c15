/**
 * Tail loss probe (RFC 8985 §7): when no ACK comes for two round trips, one segment is sent, so that its SACK shows
 * what is missing and the retransmission timeout is not needed. At most one probe is under way.
 */
import type { RoundTrips } from './rto.ts'
import type { Scoreboard } from './scoreboard.ts'

/** What a peer may wait with its ACK of a single segment (RFC 8985 §7.2). */
const DELAYED_ACK_MS = 200
/** RFC 8985 §7.2 has no figure below this: timers, and peers that gather ACKs. */
const LEAST_MS = 10
const WITHOUT_RTT_MS = 1_000

export class TailProbe {
  /** Where the stream had ended when the probe left; undefined: none is under way. */
  #endOffset: number | undefined
  #wasAgain = false

  get isUnderWay(): boolean {
    return this.#endOffset !== undefined
  }

  timeoutMs(trips: RoundTrips, board: Scoreboard, mssBytes: number): number {
    if (trips.srttMs === undefined) return WITHOUT_RTT_MS
    const delayedMs = board.inFlightBytes <= mssBytes ? DELAYED_ACK_MS : 0
    return Math.max(LEAST_MS, 2 * trips.srttMs + delayedMs)
  }

  sent(endOffset: number, isAgain: boolean): void {
    this.#endOffset = endOffset
    this.#wasAgain = isAgain
  }

  /** Returns whether the probe repaired a loss, which only the probe has noticed (RFC 8985 §7.4). */
  acked(ackOffset: number, isDuplicateSeen: boolean): boolean {
    if (this.#endOffset === undefined || ackOffset < this.#endOffset) return false
    if (!this.#wasAgain || isDuplicateSeen) {
      this.#endOffset = undefined
      return false
    }
    // Were the original not lost, a second ACK of the same offset with a D-SACK would come; it comes before others.
    if (ackOffset === this.#endOffset) return false
    this.#endOffset = undefined
    return true
  }

  forget(): void {
    this.#endOffset = undefined
  }
}
