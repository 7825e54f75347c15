/**
 * The sender half of one connection, pure: it knows offsets and times, never bytes. Asked by `next` what may leave
 * now, told by `sent` and `acked` what happened, woken at `wakeAt`.
 *
 * Offsets only grow: 0 is the SYN, 1 the first byte, the FIN counts one after the last byte. The SYN is offered as
 * `offer(1)` with `startOffset` 0, or the connection does its handshake alone and begins here at `startOffset` 1.
 * A range that leaves again is cut as it was the first time, or smaller; `isProbe` is one byte of what is under way.
 */
import { AckTally } from './ack-tally.ts'
import { type AckNews, type CongestionControl, newAckNews } from './congestion.ts'
import { Pacing } from './pacing.ts'
import { Persist } from './persist.ts'
import { DUPLICATES, Rack } from './rack.ts'
import { RateSampler } from './rate-sample.ts'
import { Recovery } from './recovery.ts'
import { RoundTrips } from './rto.ts'
import { isDuplicateSack, Scoreboard } from './scoreboard.ts'
import { SegmentChoice } from './segment-choice.ts'
import { newCounts, type SendingFacts, type SendingOptions } from './sending-facts.ts'
import { TailProbe } from './tail-probe.ts'

/** An ACK that was overtaken may seem to take a SACK back. */
const RENEGING_PATIENCE_MS = 10

const isDue = (atMs: number | undefined, nowMs: number): boolean => atMs !== undefined && atMs <= nowMs

export class Sending {
  /** Timeouts (and unanswered probes of a closed window) in a row: the connection decides when to give up. */
  backoffs = 0

  readonly #congestion: CongestionControl
  readonly #board: Scoreboard
  readonly #trips = new RoundTrips()
  readonly #rack = new Rack()
  readonly #rate = new RateSampler()
  readonly #recovery = new Recovery()
  readonly #tail = new TailProbe()
  readonly #persist = new Persist()
  readonly #pacing = new Pacing()
  readonly #tally: AckTally
  readonly #choice: SegmentChoice
  readonly #news: AckNews = newAckNews()

  #rtoAtMs: number | undefined
  #tailAtMs: number | undefined
  /** Since when the first record is one that the peer had sacked. */
  #renegedAtMs: number | undefined
  /** One segment may leave whatever the window and the pace say. */
  #isForced = false
  #isTailDue = false
  #isWindowProbeDue = false
  /** Why `next` said no. */
  #isPaced = false
  #isCwndLimited = false
  readonly #counts = newCounts()
  #deliveryBytesPerMs = 0

  constructor(options: SendingOptions) {
    this.#congestion = options.congestion
    this.#board = new Scoreboard(options.startOffset ?? 0)
    this.#choice = new SegmentChoice(
      this.#board,
      this.#persist,
      options.mssBytes,
      options.windowEndOffset ?? 1,
    )
    this.#tally = new AckTally(this.#board, this.#rack, this.#rate, this.#recovery)
  }

  /** What `next` answered with. */
  get from(): number {
    return this.#choice.from
  }

  get to(): number {
    return this.#choice.to
  }

  /** It left before. */
  get isAgain(): boolean {
    return this.#choice.isAgain
  }

  /** It is a byte beyond a closed window, sent to hear whether it is still closed. */
  get isProbe(): boolean {
    return this.#choice.isProbe
  }

  /** Everything below has been acknowledged. */
  get ackedOffset(): number {
    return this.#board.ackedOffset
  }

  /** Everything below has left at least once. */
  get sentOffset(): number {
    return this.#board.endOffset
  }

  /**
   * The path carries larger or only smaller segments from now on. What is in flight and too large may be lost for
   * its size: that is found out at once, and is not congestion.
   */
  setMss(bytes: number): void {
    const isSmaller = bytes < this.#choice.mssBytes
    this.#choice.mssBytes = bytes
    this.#congestion.setMss(bytes)
    // What fits into the new one was none too large for the path.
    if (isSmaller && this.#board.recut(bytes)) this.#doubtFlight()
  }

  /** The application has written up to here. */
  offer(endOffset: number): void {
    this.#choice.offeredOffset = Math.max(this.#choice.offeredOffset, endOffset)
  }

  /** Fills `from`, `to`, `isAgain`, `isProbe` with what may leave now; false: nothing. Ask again after `sent`. */
  next(nowMs: number): boolean {
    const choice = this.#choice
    // The pace would have let more leave than can be made good: what was not sent shows nothing of the path.
    if (this.#isPaced && this.#pacing.isOverslept(nowMs)) this.#rate.limited(this.#pipeBytes)
    this.#isPaced = false
    if (this.#isWindowProbeDue && choice.probe()) return true
    if (this.#isTailDue && choice.tail(this.#trips.rtoMs, nowMs)) return true
    this.#isTailDue = false
    if (!choice.lost() && !choice.fresh(this.#trips.rtoMs, nowMs)) {
      this.#isForced = false
      if (choice.isDry && this.#pipeBytes < this.#congestion.cwndBytes) this.#rate.limited(this.#pipeBytes)
      return false
    }
    if (this.#isForced) return true
    const pipeBytes = this.#pipeBytes
    if (pipeBytes > 0 && pipeBytes + choice.to - choice.from > this.#congestion.cwndBytes) {
      this.#isCwndLimited = true
      return false
    }
    if (this.#pacing.allows(nowMs)) return true
    this.#isPaced = true
    return false
  }

  /** The range that `next` gave has left. */
  sent(from: number, to: number, nowMs: number): void {
    const board = this.#board
    const bytes = to - from
    this.#counts.sentBytes += bytes
    this.#isForced = false
    if (this.#pipeBytes === 0) this.#congestion.restarted(nowMs, this.#rate.isLimited)
    const isAgain = from < board.endOffset
    // A byte that asks for the window says nothing of the record that it is from.
    if (isAgain && this.isProbe) {
      this.#askedWindow(nowMs)
      return
    }
    const record = isAgain ? board.find(from) : board.sentNew(to, nowMs)
    if (isAgain) {
      this.#counts.retransmittedBytes += bytes
      board.sentAgain(record, nowMs)
      if (this.#recovery.episode !== 'none') this.#recovery.sentAgain(nowMs)
    }
    this.#rate.sent(board, record, this.#pipeBytes, nowMs)
    this.#pacing.sent(bytes, this.#congestion.pacingBytesPerMs, nowMs)
    if (this.#isTailDue) {
      this.#isTailDue = false
      this.#counts.tailProbes++
      this.#tail.sent(board.endOffset, isAgain)
    }
    if (this.isProbe) this.#askedWindow(nowMs)
    // What the peer waits for has left again: that takes a round trip more.
    if (record === board.first) this.#rtoAtMs = nowMs + this.#trips.rtoMs
    else this.#rtoAtMs ??= nowMs + this.#trips.rtoMs
    this.#armTail(nowMs)
  }

  /**
   * An acceptable ACK came. `sacks` are pairs of offsets in the order of the option (a D-SACK first), `rttMs` is now
   * less the echoed timestamp where the connection has timestamps. Call it for every ACK, pure window updates too.
   */
  acked(
    ackOffset: number,
    sacks: readonly number[],
    windowEndOffset: number,
    rttMs: number | undefined,
    nowMs: number,
  ): void {
    const board = this.#board
    if (ackOffset > board.endOffset) return
    const advanced = ackOffset > board.ackedOffset
    const priorInFlightBytes = this.#pipeBytes
    this.#tally.begin(nowMs, this.#trips.minRttMs)
    if (advanced) board.acknowledge(ackOffset, this.#tally)
    for (let at = 0; at + 1 < sacks.length; at += 2) board.sack(sacks[at]!, sacks[at + 1]!, this.#tally)
    if (this.#choice.openWindow(windowEndOffset)) {
      this.#isWindowProbeDue = false
      this.#trips.heard()
    }
    const isDuplicateSeen = isDuplicateSack(ackOffset, sacks)
    if (isDuplicateSeen) {
      this.#rack.duplicateSeen(board)
      this.#recovery.arrivedAfterAll(sacks[1]! - sacks[0]!)
    }
    // Only an ACK that advances echoes a timestamp of what it acknowledges (RFC 7323 §4.1).
    const echoAgeMs = advanced ? rttMs : undefined
    this.#sampleRoundTrip(echoAgeMs, nowMs)
    if (advanced) this.#trips.heard()
    if (advanced || this.#choice.isClosed) this.backoffs = 0
    this.#undoIfSpurious(echoAgeMs, isDuplicateSeen, nowMs)
    this.#findLosses(nowMs, isDuplicateSeen, priorInFlightBytes)
    if (advanced) this.#rtoAtMs = this.#choice.isOutstanding ? nowMs + this.#trips.rtoMs : undefined
    this.#watchReneging(nowMs)
    if (this.#tally.deliveredBytes > 0) this.#armTail(nowMs)
  }

  /** When `wake` is due; undefined: only an ACK or an offer changes anything. */
  wakeAt(): number | undefined {
    const at = Math.min(
      this.#rtoAtMs ?? Number.POSITIVE_INFINITY,
      this.#tailAtMs ?? Number.POSITIVE_INFINITY,
      this.#rack.dueAtMs ?? Number.POSITIVE_INFINITY,
      this.#persist.dueAtMs ?? Number.POSITIVE_INFINITY,
      this.#isPaced ? this.#pacing.freeAtMs : Number.POSITIVE_INFINITY,
    )
    return at === Number.POSITIVE_INFINITY ? undefined : at
  }

  /** Runs the timers that are due; then ask `next`. */
  wake(nowMs: number): void {
    if (isDue(this.#rack.dueAtMs, nowMs)) this.#reorderingTimedOut(nowMs)
    if (isDue(this.#persist.dueAtMs, nowMs)) {
      this.#persist.stop()
      this.#isWindowProbeDue = true
    }
    if (isDue(this.#tailAtMs, nowMs)) {
      this.#tailAtMs = undefined
      this.#isTailDue = true
      this.#rtoAtMs = nowMs + this.#trips.rtoMs
    } else if (isDue(this.#rtoAtMs, nowMs)) this.#timedOut(nowMs)
  }

  /** The path is another one now: RTT and congestion start anew, and nothing counts as lost for it. */
  turned(nowMs: number): void {
    this.#congestion.turned(nowMs)
    this.#doubtFlight()
    this.#trips.startAnew()
    this.#pacing.forget()
    this.#isPaced = false
    this.#recovery.forget()
  }

  /** So many ACKs in a row did not advance, of a peer that cannot say more: each time something has left the path. */
  repeated(times: number, nowMs: number): void {
    if (!this.#choice.isOutstanding) return
    this.#isForced = true
    if (times !== DUPLICATES || !this.#recovery.mayBegin(this.ackedOffset)) return
    const priorInFlightBytes = this.#pipeBytes
    this.#board.markLost(this.#board.first)
    this.#tally.begin(nowMs, this.#trips.minRttMs)
    this.#findLosses(nowMs, false, priorInFlightBytes, this.#board.bytesOf(this.#board.first))
  }

  facts(): SendingFacts {
    const { minRttMs } = this.#trips
    return {
      ...this.#counts,
      congestion: this.#congestion.name,
      phase: this.#congestion.phase,
      mssBytes: this.#choice.mssBytes,
      srttMs: this.#trips.srttMs,
      rttVarMs: this.#trips.rttVarMs,
      minRttMs: Number.isFinite(minRttMs) ? minRttMs : undefined,
      rtoMs: this.#trips.rtoMs,
      cwndBytes: this.#congestion.cwndBytes,
      pacingBytesPerMs: this.#congestion.pacingBytesPerMs,
      deliveryBytesPerMs: this.#deliveryBytesPerMs,
      inFlightBytes: this.#board.inFlightBytes,
      isRecovering: this.#recovery.episode !== 'none',
    }
  }

  /** In flight on the path that is used now. */
  get #pipeBytes(): number {
    return this.#board.inFlightBytes - this.#board.staleBytes
  }

  #askedWindow(nowMs: number): void {
    this.#isWindowProbeDue = false
    this.#counts.zeroWindowProbes++
    this.backoffs++
    this.#persist.asked()
    this.#trips.backOff()
    this.#tailAtMs = undefined
    this.#rtoAtMs = nowMs + this.#trips.rtoMs
  }

  #sampleRoundTrip(echoAgeMs: number | undefined, nowMs: number): void {
    const { oldestRttMs, hasStale } = this.#tally
    const rttMs = oldestRttMs ?? (hasStale ? undefined : echoAgeMs)
    if (rttMs === undefined) return
    this.#trips.sample(rttMs, this.#pipeBytes / (2 * this.#choice.mssBytes), nowMs)
  }

  #undoIfSpurious(echoAgeMs: number | undefined, isDuplicateSeen: boolean, nowMs: number): void {
    const recovery = this.#recovery
    const isEcho = this.#tally.hasRepair && recovery.isEchoOfOriginal(echoAgeMs, nowMs)
    // An ACK that repairs as well tells of what had arrived before the timeout (RFC 5682 §2.1).
    const isOriginal = echoAgeMs === undefined && this.#tally.hasOriginal && !this.#tally.hasRepair
    const isForNothing = (isDuplicateSeen || this.#tally.deliveredBytes > 0) && recovery.isForNothing
    if (!isForNothing && (recovery.episode === 'none' || !(isEcho || isOriginal))) return
    this.#board.unmarkLost(nowMs)
    this.#congestion.undo()
    this.#trips.heard()
    recovery.forget()
    this.#counts.undone++
  }

  #findLosses(nowMs: number, isDuplicateSeen: boolean, priorInFlightBytes: number, knownBytes = 0): void {
    const recovery = this.#recovery
    const isRecovering = recovery.episode !== 'none'
    const lostBytes = knownBytes + this.#rack.detect(this.#board, this.#trips, isRecovering, nowMs)
    this.#counts.lostBytes += lostBytes
    this.#counts.deliveredBytes += this.#tally.deliveredBytes
    const hasTailRepaired = this.#tail.acked(this.ackedOffset, isDuplicateSeen)
    if (recovery.isOver(this.ackedOffset)) {
      recovery.end()
      this.#rack.recovered()
      this.#congestion.recovered(nowMs)
    }
    const isNew = recovery.episode === 'none' || recovery.isLostAgain(this.#rack.newestLostOrder)
    if ((lostBytes > 0 || hasTailRepaired) && isNew) {
      recovery.begin('loss', this.sentOffset, this.#board.newestOrder)
      this.#congestion.recovering(nowMs, this.#pipeBytes)
    }
    recovery.doubted(lostBytes)
    if (lostBytes + this.#tally.deliveredBytes > 0) this.#tellCongestion(lostBytes, priorInFlightBytes)
  }

  #tellCongestion(lostBytes: number, priorInFlightBytes: number): void {
    const news = this.#news
    this.#tally.fill(news, this.#pipeBytes)
    news.lostBytes = lostBytes
    news.priorInFlightBytes = priorInFlightBytes
    news.isCwndLimited = this.#isCwndLimited
    if (news.rateBytesPerMs > 0) this.#deliveryBytesPerMs = news.rateBytesPerMs
    this.#isCwndLimited = false
    this.#congestion.acked(news)
  }

  /** SACKs that go on would hide it from the timeout, so it has its own time. */
  #watchReneging(nowMs: number): void {
    if (!this.#board.isReneged) this.#renegedAtMs = undefined
    else this.#renegedAtMs ??= nowMs
    if (this.#renegedAtMs === undefined || this.#rtoAtMs === undefined) return
    this.#rtoAtMs = Math.min(this.#rtoAtMs, this.#renegedAtMs + RENEGING_PATIENCE_MS)
  }

  /** Only one of the two runs out: the probe where it can help, the timeout where it has been of no use. */
  #armTail(nowMs: number): void {
    this.#tailAtMs = undefined
    const mayHelp = this.#board.inFlightBytes > 0 && this.#board.firstLost < 0 && !this.#choice.isClosed
    if (!mayHelp || this.#tail.isUnderWay || this.backoffs > 0 || this.#rtoAtMs === undefined) return
    const probeAtMs = nowMs + this.#tail.timeoutMs(this.#trips, this.#board, this.#choice.mssBytes)
    if (this.#trips.srttMs !== undefined) this.#tailAtMs = Math.min(probeAtMs, this.#rtoAtMs)
  }

  #reorderingTimedOut(nowMs: number): void {
    this.#tally.begin(nowMs, this.#trips.minRttMs)
    this.#findLosses(nowMs, false, this.#pipeBytes)
  }

  #timedOut(nowMs: number): void {
    const board = this.#board
    if (this.#choice.isClosed) {
      this.#isWindowProbeDue = true
      this.#rtoAtMs = undefined
      return
    }
    this.backoffs++
    this.#counts.timeouts++
    this.#trips.backOff()
    this.#tail.forget()
    this.#isTailDue = false
    this.#tailAtMs = undefined
    this.#rtoAtMs = nowMs + this.#trips.rtoMs
    this.#isForced = true
    const isFirst = !board.isStale(board.first) && this.#recovery.episode !== 'timeout'
    if (isFirst) this.#recovery.begin('timeout', this.sentOffset, board.newestOrder)
    this.#recovery.doubted(board.timedOut(this.#trips.srttMs ?? 0, nowMs))
    if (isFirst) this.#congestion.timedOut(nowMs)
  }

  /** What is in flight may be gone or late for another reason than congestion; an answer now shows which. */
  #doubtFlight(): void {
    if (!this.#choice.isOutstanding) return
    this.#board.turn()
    this.#rack.turned((this.#trips.srttMs ?? 0) + 4 * (this.#trips.rttVarMs ?? 0))
    this.#tail.forget()
    this.#trips.heard()
    if (this.#board.firstLost >= 0) this.#isForced = true
    else this.#isTailDue = true
  }
}
