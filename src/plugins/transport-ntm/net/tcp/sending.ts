/**
 * The sender half of one connection, pure: it knows offsets and times, never bytes. Asked by `next` what may leave
 * now, told by `sent` and `acked` what happened, woken at `wakeAt`.
 *
 * Offsets only grow: 0 is the SYN, 1 the first byte, the FIN counts one after the last byte. The SYN is offered as
 * `offer(1)` with `startOffset` 0, or the connection does its handshake alone and begins here at `startOffset` 1.
 */
import { AckTally } from './ack-tally.ts'
import { type AckNews, type CongestionControl, newAckNews } from './congestion.ts'
import { Pacing } from './pacing.ts'
import { Persist } from './persist.ts'
import { Rack } from './rack.ts'
import { RateSampler } from './rate-sample.ts'
import { LOST, SACKED } from './records.ts'
import { Recovery } from './recovery.ts'
import { RoundTrips } from './rto.ts'
import { Scoreboard } from './scoreboard.ts'
import { newCounts, type SendingFacts, type SendingOptions } from './sending-facts.ts'
import { TailProbe } from './tail-probe.ts'

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

  #mssBytes: number
  #offeredOffset: number
  #windowEndOffset: number
  #largestWindowBytes = 0
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
  readonly #news: AckNews = newAckNews()

  #rtoAtMs: number | undefined
  #tailAtMs: number | undefined
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
    this.#mssBytes = options.mssBytes
    this.#board = new Scoreboard(options.startOffset ?? 0)
    this.#offeredOffset = this.ackedOffset
    this.#windowEndOffset = options.windowEndOffset ?? 1
    this.#tally = new AckTally(this.#board, this.#rack, this.#rate, this.#recovery)
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
    const isSmaller = bytes < this.#mssBytes
    this.#mssBytes = bytes
    this.#congestion.setMss(bytes)
    if (!isSmaller || this.#board.first === this.#board.end) return
    this.#board.recut(bytes)
    this.#doubtFlight()
  }

  /** The application has written up to here. */
  offer(endOffset: number): void {
    this.#offeredOffset = Math.max(this.#offeredOffset, endOffset)
  }

  /** Fills `from`, `to`, `isAgain`, `isProbe` with what may leave now; false: nothing. Ask again after `sent`. */
  next(nowMs: number): boolean {
    this.#isPaced = false
    if (this.#isWindowProbeDue && this.#chooseProbe()) return true
    this.isProbe = false
    if (this.#isTailDue && this.#chooseTail(nowMs)) return true
    if (!this.#chooseLost() && !this.#chooseNew(nowMs)) {
      this.#isForced = false
      return false
    }
    if (this.#isForced) return true
    const pipeBytes = this.#pipeBytes
    if (pipeBytes > 0 && pipeBytes + this.to - this.from > this.#congestion.cwndBytes) {
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
    this.#rtoAtMs ??= nowMs + this.#trips.rtoMs
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
    this.#setWindow(windowEndOffset)
    const isDuplicateSeen = this.#noteDuplicate(ackOffset, sacks)
    // Only an ACK that advances echoes a timestamp of what it acknowledges (RFC 7323 §4.1).
    const echoAgeMs = advanced ? rttMs : undefined
    this.#sampleRoundTrip(echoAgeMs, nowMs)
    if (advanced) this.#trips.heard()
    if (advanced || this.#isClosed) this.backoffs = 0
    this.#undoIfSpurious(echoAgeMs, isDuplicateSeen, nowMs)
    this.#findLosses(nowMs, isDuplicateSeen, priorInFlightBytes)
    if (advanced || this.#tally.deliveredBytes > 0) this.#armTimers(nowMs)
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
    const isDue = (atMs: number | undefined): boolean => atMs !== undefined && atMs <= nowMs
    if (isDue(this.#rack.dueAtMs)) this.#reorderingTimedOut(nowMs)
    if (isDue(this.#persist.dueAtMs)) this.#isWindowProbeDue = true
    if (isDue(this.#tailAtMs)) {
      this.#tailAtMs = undefined
      this.#isTailDue = true
      this.#rtoAtMs = nowMs + this.#trips.rtoMs
    } else if (isDue(this.#rtoAtMs)) this.#timedOut(nowMs)
  }

  /** The path is another one now: RTT and congestion start anew, and nothing counts as lost for it. */
  turned(nowMs: number): void {
    this.#congestion.turned(nowMs)
    this.#doubtFlight()
    this.#trips.startAnew()
    this.#pacing.forget()
    this.#recovery.forget()
  }

  facts(): SendingFacts {
    const { minRttMs } = this.#trips
    return {
      ...this.#counts,
      congestion: this.#congestion.name,
      phase: this.#congestion.phase,
      mssBytes: this.#mssBytes,
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

  get #isOutstanding(): boolean {
    return this.#board.first < this.#board.end
  }

  get #isClosed(): boolean {
    return this.#windowEndOffset <= this.#board.ackedOffset
  }

  /** In flight on the path that is used now. */
  get #pipeBytes(): number {
    return this.#board.inFlightBytes - this.#board.staleBytes
  }

  #chooseLost(): boolean {
    const record = this.#board.firstLost
    if (record < 0 || this.#board.endOf(record) > this.#windowEndOffset) return false
    this.#choose(this.#board.startOf(record), this.#board.endOf(record))
    return true
  }

  #chooseNew(nowMs: number): boolean {
    const from = this.sentOffset
    const to = Math.min(from + this.#mssBytes, this.#offeredOffset, this.#windowEndOffset)
    if (from >= this.#offeredOffset) {
      if (this.#board.firstLost < 0 && this.#pipeBytes < this.#congestion.cwndBytes) {
        this.#rate.limited(this.#pipeBytes)
      }
      return false
    }
    this.#choose(from, to)
    const bytes = to - from
    if (bytes > 0 && (bytes === this.#mssBytes || to === this.#offeredOffset)) return true
    // Less than a segment because of the window: not worth its header (RFC 9293 §3.8.6.2.1).
    if (bytes > 0 && 2 * bytes >= this.#largestWindowBytes) return true
    if (!this.#isOutstanding) this.#persist.wait(this.#trips.rtoMs, nowMs)
    return false
  }

  #choose(from: number, to: number): void {
    this.from = from
    this.to = to
    this.isAgain = from < this.sentOffset
  }

  /** One byte, or what fits the window, although it is closed or hardly open. */
  #chooseProbe(): boolean {
    const from = this.#isOutstanding ? this.ackedOffset : this.sentOffset
    const fits = this.#isOutstanding ? from : Math.min(this.#windowEndOffset, from + this.#mssBytes)
    this.isProbe = true
    this.#choose(from, Math.min(this.#offeredOffset, Math.max(from + 1, fits)))
    return this.to > from
  }

  /** Something new if there is; else the end of the stream once more (RFC 8985 §7.3). */
  #chooseTail(nowMs: number): boolean {
    if (this.#chooseNew(nowMs)) return true
    const record = this.#board.lastOutstanding
    if (record < 0 || this.#board.endOf(record) > this.#windowEndOffset) {
      this.#isTailDue = false
      return false
    }
    this.#choose(this.#board.startOf(record), this.#board.endOf(record))
    return true
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

  #setWindow(endOffset: number): void {
    const board = this.#board
    const formerEnd = this.#windowEndOffset
    this.#windowEndOffset = endOffset
    this.#largestWindowBytes = Math.max(this.#largestWindowBytes, endOffset - board.ackedOffset)
    if (endOffset <= formerEnd) return
    this.#persist.opened()
    this.#isWindowProbeDue = false
    if (formerEnd > board.ackedOffset) return
    // It was closed: what had left beyond it was thrown away.
    this.#trips.heard()
    const { first } = board
    if (this.#isOutstanding && board.startOf(first) >= formerEnd && !board.is(first, LOST | SACKED)) {
      board.markLost(first)
    }
  }

  /** A D-SACK block lies below the ACK or within the next block (RFC 2883 §4). */
  #noteDuplicate(ackOffset: number, sacks: readonly number[]): boolean {
    if (sacks.length < 2) return false
    const [from, to] = [sacks[0]!, sacks[1]!]
    const isWithin = sacks.length >= 4 && from >= sacks[2]! && to <= sacks[3]!
    if (to > ackOffset && !isWithin) return false
    this.#rack.duplicateSeen(this.#board)
    this.#recovery.duplicateSeen()
    return true
  }

  #sampleRoundTrip(echoAgeMs: number | undefined, nowMs: number): void {
    const { oldestRttMs, hasStale } = this.#tally
    const rttMs = oldestRttMs ?? (hasStale ? undefined : echoAgeMs)
    if (rttMs === undefined) return
    this.#trips.sample(rttMs, this.#pipeBytes / (2 * this.#mssBytes), nowMs)
  }

  #undoIfSpurious(echoAgeMs: number | undefined, isDuplicateSeen: boolean, nowMs: number): void {
    const recovery = this.#recovery
    const isEcho = this.#tally.hasRepair && recovery.isEchoOfOriginal(echoAgeMs, nowMs)
    const isOriginal = echoAgeMs === undefined && this.#tally.hasOriginal
    const isDuplicate = isDuplicateSeen && recovery.isAllDuplicate
    if (!isDuplicate && (recovery.episode === 'none' || !(isEcho || isOriginal))) return
    this.#board.unmarkLost(nowMs)
    this.#congestion.undo()
    this.#trips.heard()
    recovery.forget()
    this.#counts.undone++
  }

  #findLosses(nowMs: number, isDuplicateSeen: boolean, priorInFlightBytes: number): void {
    const recovery = this.#recovery
    const lostBytes = this.#rack.detect(this.#board, this.#trips, recovery.episode !== 'none', nowMs)
    this.#rate.lostBytes += lostBytes
    this.#counts.lostBytes += lostBytes
    this.#counts.deliveredBytes += this.#tally.deliveredBytes
    const hasTailRepaired = this.#tail.acked(this.ackedOffset, isDuplicateSeen)
    if (recovery.isOver(this.ackedOffset)) {
      recovery.end()
      this.#rack.recovered()
      this.#congestion.recovered(nowMs)
    }
    if ((lostBytes > 0 || hasTailRepaired) && recovery.episode === 'none') {
      recovery.begin('loss', this.sentOffset, this.#board.newestOrder)
      this.#congestion.recovering(nowMs, this.#pipeBytes)
    }
    if (lostBytes > 0 || this.#tally.deliveredBytes > 0)
      this.#tellCongestion(nowMs, lostBytes, priorInFlightBytes)
  }

  #tellCongestion(nowMs: number, lostBytes: number, priorInFlightBytes: number): void {
    const news = this.#news
    const rate = this.#rate
    news.nowMs = nowMs
    news.ackedBytes = this.#tally.deliveredBytes
    news.lostBytes = lostBytes
    news.inFlightBytes = this.#pipeBytes
    news.priorInFlightBytes = priorInFlightBytes
    news.rttMs = this.#tally.newestRttMs
    news.deliveredBytes = rate.deliveredBytes
    news.priorDeliveredBytes = rate.hasSample ? rate.priorDeliveredBytes : -1
    news.rateBytesPerMs = rate.rateBytesPerMs(this.#trips.minRttMs, nowMs)
    news.isAppLimited = rate.isAppLimited
    news.sentInFlightBytes = rate.sentInFlightBytes
    news.lostSinceSentBytes = rate.lostSinceSentBytes
    news.isCwndLimited = this.#isCwndLimited
    news.isRecovering = this.#recovery.episode !== 'none'
    if (news.rateBytesPerMs > 0) this.#deliveryBytesPerMs = news.rateBytesPerMs
    this.#isCwndLimited = false
    this.#congestion.acked(news)
  }

  #armTimers(nowMs: number): void {
    this.#rtoAtMs = this.#isOutstanding ? nowMs + this.#trips.rtoMs : undefined
    this.#armTail(nowMs)
  }

  /** Only one of the two runs out: the probe where it can help, the timeout where it has been of no use. */
  #armTail(nowMs: number): void {
    this.#tailAtMs = undefined
    const mayHelp = this.#board.inFlightBytes > 0 && this.#board.firstLost < 0 && !this.#isClosed
    if (!mayHelp || this.#tail.isUnderWay || this.backoffs > 0 || this.#rtoAtMs === undefined) return
    const probeAtMs = nowMs + this.#tail.timeoutMs(this.#trips, this.#board, this.#mssBytes)
    if (this.#trips.srttMs !== undefined) this.#tailAtMs = Math.min(probeAtMs, this.#rtoAtMs)
  }

  #reorderingTimedOut(nowMs: number): void {
    this.#tally.begin(nowMs, this.#trips.minRttMs)
    this.#findLosses(nowMs, false, this.#pipeBytes)
  }

  #timedOut(nowMs: number): void {
    const board = this.#board
    const isStale = board.isStale(board.first)
    if (this.#isClosed) {
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
    if (board.isReneged) board.forgetSacks()
    this.#markTimedOut(nowMs)
    this.#isForced = true
    if (isStale || this.#recovery.episode === 'timeout') return
    this.#recovery.begin('timeout', this.sentOffset, board.newestOrder)
    this.#congestion.timedOut(nowMs)
  }

  /** The first record, and all that had time for an answer (RFC 8985 §6.3). */
  #markTimedOut(nowMs: number): void {
    const board = this.#board
    const waitMs = this.#trips.srttMs ?? 0
    if (!board.is(board.first, LOST | SACKED)) board.markLost(board.first)
    for (let record = board.oldestInFlight; record >= 0; record = board.oldestInFlight) {
      if (board.sentAtMs[board.at(record)]! + waitMs > nowMs) break
      board.markLost(record)
    }
    board.sortLost()
  }

  /** What is in flight may be gone or late for another reason than congestion; an answer now shows which. */
  #doubtFlight(): void {
    if (!this.#isOutstanding) return
    this.#board.turn()
    this.#rack.turned(this.#trips.srttMs ?? 0)
    this.#tail.forget()
    this.#trips.heard()
    if (this.#board.firstLost >= 0) this.#isForced = true
    else this.#isTailDue = true
  }
}
