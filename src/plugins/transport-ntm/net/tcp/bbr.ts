/**
 * Congestion control by a model of the path rather than by loss (after BBR): it paces at the rate that the path was
 * seen to deliver, keeps about two bandwidth-delay products in flight at most, and tries a higher rate now and
 * then. Single losses say nothing to it; eight round trips that lose much bound what may be in flight.
 */
import { PathModel } from './bbr-model.ts'
import type { AckNews, CongestionControl, CongestionOptions } from './congestion.ts'

const FIRST_WINDOW_SEGMENTS = 10
const LEAST_WINDOW_SEGMENTS = 4
/** 2 / ln 2: the smallest gain that doubles what is delivered each round trip. */
const STARTUP_GAIN = 2.885
/**
 * In bandwidth-delay products: one that the path holds, and one that may queue while acknowledgements come late or in
 * batches. Connections to the same peer have this queue together, or each of them would add its own.
 */
const PATH_GAIN = 1
const QUEUE_GAIN = 1
/** On a path that a flow turned to, growing must not overflow a buffer of one bandwidth-delay product. */
const TURNED_WINDOW_GAIN = 1.75
/** Round trips of answers after a timeout until the path is what it was: the window is back, the pace never left. */
const RESTORE_ROUNDS = 3
/** A new path that delivers less than this of the old rate, at which it was tried, is full. */
const TURNED_SHARE = 0.9
/** Try more, drain what that queued, then keep the rate for six round trips. */
const CYCLE = [1.25, 0.75, 1, 1, 1, 1, 1, 1] as const
/** Slightly below the rate, so that a queue that formed drains. */
const PACING_SHARE = 0.99
/** The pipe is full when the rate has not grown by a quarter for three round trips. */
const FULL_GROWTH = 1.25
const FULL_ROUNDS = 3
/** How much is in flight while the round trip is measured, in bandwidth-delay products, and for how long. */
const MEASURING_SHARE = 0.5
const MEASURING_MS = 200
/**
 * More than this share lost over so many round trips is congestion, and neither the radio nor the neighbours: it is
 * what trying a quarter more loses where all of it is too much. One that begins beside us fills the queue for several
 * round trips, and who gives way to that gets no share.
 */
const HEAVY_LOSS = 0.2
const HEAVY_LOSS_SEGMENTS = 8
const LOSS_ROUNDS = CYCLE.length
/** Of what arrived in a round trip where loss was heavy, so much may be in flight after it. */
const HEAVY_LOSS_KEEP = 0.85
/** By so much the bound grows where the loss is not heavy. */
const BOUND_GROWTH = 1.5
/** What pacing lets leave at a time is about this long. */
const QUANTUM_MS = 1

type Phase = 'startup' | 'drain' | 'probe-bw' | 'probe-rtt'

class Bbr implements CongestionControl {
  readonly name = 'bbr'
  phase: Phase = 'startup'
  cwndBytes: number
  pacingBytesPerMs = Number.POSITIVE_INFINITY
  #mssBytes: number
  readonly #random: () => number
  readonly #sharers: () => number
  readonly #model = new PathModel()

  #pacingGain = STARTUP_GAIN
  #isFull = false
  /** The window was made for another path. */
  #hasTurned = false
  #fullRate = 0
  #fullRounds = 0
  #cycleAt = 0
  #cycleSinceMs = 0
  #measuredAtMs: number | undefined
  /** To return to after a timeout or a measurement. */
  #formerCwndBytes = 0
  #isRestoring = false
  #restoreAtRound = 0
  /** Bound by heavy loss; Infinity: none. */
  #boundBytes = Number.POSITIVE_INFINITY
  #cycleRounds = 0
  #cycleLostBytes = 0
  #cycleArrivedBytes = 0
  #roundLostBytes = 0
  #roundAckedBytes = 0
  #roundFlightBytes = 0
  #formerFlightBytes = 0
  #isIdleRestart = false

  constructor(options: CongestionOptions) {
    this.#mssBytes = options.mssBytes
    this.#random = options.random
    this.#sharers = options.sharers ?? (() => 1)
    this.cwndBytes = FIRST_WINDOW_SEGMENTS * options.mssBytes
  }

  setMss(mssBytes: number): void {
    this.#mssBytes = mssBytes
    this.cwndBytes = Math.max(this.cwndBytes, this.#leastWindow)
  }

  restarted(nowMs: number, isAppLimited: boolean): void {
    if (!isAppLimited) return
    this.#isIdleRestart = true
    if (this.phase === 'probe-bw') this.#pace(1)
    if (this.phase === 'probe-rtt') this.#maybeMeasured(nowMs)
  }

  acked(news: AckNews): void {
    this.#model.learn(news, this.cwndBytes)
    this.#countLosses(news)
    if (this.#isRestoring && this.#model.rounds >= this.#restoreAtRound) this.#restore()
    if (this.phase === 'startup') this.#judgeFull(news)
    if (this.phase === 'drain' && news.inFlightBytes <= this.#inFlight(1)) this.#probeRate(news.nowMs)
    if (this.phase === 'probe-bw' && this.#isCycleOver(news)) this.#nextCycle(news.nowMs)
    this.#measureRoundTrip(news)
    if (news.rttMs !== undefined && this.pacingBytesPerMs === Number.POSITIVE_INFINITY) {
      this.pacingBytesPerMs = (STARTUP_GAIN * this.cwndBytes) / Math.max(news.rttMs, 0.01)
    }
    this.#pace(this.#pacingGain)
    this.#setWindow(news)
    this.#isIdleRestart = false
  }

  recovering(_nowMs: number, _inFlightBytes: number): void {}

  recovered(_nowMs: number): void {
    this.#restore()
  }

  /** What is in flight may all be lost: one segment asks, and the answers bring the window back. */
  timedOut(_nowMs: number): void {
    this.#keepWindow()
    this.#isRestoring = true
    this.#restoreAtRound = this.#model.rounds + RESTORE_ROUNDS
    this.cwndBytes = this.#mssBytes
  }

  undo(): void {
    this.#boundBytes = Number.POSITIVE_INFINITY
    this.#restore()
  }

  turned(_nowMs: number): void {
    this.#restore()
    this.#model.turned()
    this.phase = 'startup'
    this.#pacingGain = STARTUP_GAIN
    this.#hasTurned = true
    this.#isFull = false
    this.#fullRate = 0
    this.#fullRounds = 0
    this.#measuredAtMs = undefined
    this.#boundBytes = Number.POSITIVE_INFINITY
    this.#roundLostBytes = 0
    this.#roundAckedBytes = 0
    this.#roundFlightBytes = 0
    this.#formerFlightBytes = 0
    this.#forgetLosses()
    if (this.#model.bytesPerMs > 0) this.pacingBytesPerMs = this.#model.bytesPerMs
  }

  get #leastWindow(): number {
    return LEAST_WINDOW_SEGMENTS * this.#mssBytes
  }

  /** What is in flight at this many times the bandwidth-delay product, and what the timers' grain needs on top. */
  #inFlight(gain: number): number {
    const quantumBytes = Math.max(2 * this.#mssBytes, this.#model.bytesPerMs * QUANTUM_MS)
    const bdpBytes = this.#model.bdpBytes
    if (bdpBytes === 0) return FIRST_WINDOW_SEGMENTS * this.#mssBytes
    return gain * bdpBytes + 3 * quantumBytes
  }

  #pace(gain: number): void {
    const rate = this.#model.bytesPerMs
    if (rate === 0) return
    // The old path's rate is tried on the new one, and nothing above it.
    const share = this.#model.isCarried ? 1 : gain * PACING_SHARE
    const paced = Math.max(share * rate, this.#mssBytes / 1_000)
    // Before the pipe is full a low sample shows that little was sent, so it lowers nothing.
    if (this.#isFull || paced > this.pacingBytesPerMs) this.pacingBytesPerMs = paced
  }

  #judgeFull(news: AckNews): void {
    if (this.#isFull || !this.#model.isRoundStart || news.isAppLimited) return
    const rate = this.#model.bytesPerMs
    if (rate < TURNED_SHARE * this.#model.endedCarriedRate) {
      this.#drain()
      return
    }
    if (rate >= this.#fullRate * FULL_GROWTH) {
      this.#fullRate = rate
      this.#fullRounds = 0
      return
    }
    if (++this.#fullRounds >= FULL_ROUNDS) this.#drain()
  }

  #drain(): void {
    this.#isFull = true
    this.phase = 'drain'
    this.#pacingGain = 1 / STARTUP_GAIN
  }

  #probeRate(nowMs: number): void {
    this.phase = 'probe-bw'
    // Anywhere but at draining, so that flows that began together do not probe together.
    const at = Math.floor(this.#random() * (CYCLE.length - 1))
    this.#cycleAt = at === 0 ? 0 : at + 1
    this.#cycleSinceMs = nowMs
    this.#pacingGain = CYCLE[this.#cycleAt]!
  }

  #isCycleOver(news: AckNews): boolean {
    const isLong = news.nowMs - this.#cycleSinceMs > (this.#model.minRttMs ?? 0)
    if (this.#pacingGain === 1) return isLong
    if (this.#pacingGain < 1) return isLong || news.priorInFlightBytes <= this.#inFlight(1)
    if (!isLong) return false
    // What shares a queue may have no window for a quarter more.
    const isFilled = news.isCwndLimited || news.priorInFlightBytes >= this.#inFlight(this.#pacingGain)
    return isFilled || news.lostBytes > 0
  }

  #nextCycle(nowMs: number): void {
    this.#cycleAt = (this.#cycleAt + 1) % CYCLE.length
    this.#cycleSinceMs = nowMs
    this.#pacingGain = CYCLE[this.#cycleAt]!
  }

  #measureRoundTrip(news: AckNews): void {
    if (this.#model.isMinRttOld && !this.#isIdleRestart && this.phase !== 'probe-rtt') {
      this.#keepWindow()
      this.phase = 'probe-rtt'
      this.#pacingGain = 1
      this.#measuredAtMs = undefined
    }
    if (this.phase !== 'probe-rtt') return
    if (this.#measuredAtMs === undefined && news.inFlightBytes <= this.#measuringWindow) {
      this.#measuredAtMs = news.nowMs + Math.max(MEASURING_MS, this.#model.minRttMs ?? 0)
    }
    this.#maybeMeasured(news.nowMs)
  }

  #maybeMeasured(nowMs: number): void {
    if (this.#measuredAtMs === undefined || nowMs < this.#measuredAtMs) return
    this.#measuredAtMs = undefined
    this.#model.renewMinRtt(nowMs)
    this.#restore()
    if (this.#isFull) this.#probeRate(nowMs)
    else {
      this.phase = 'startup'
      this.#pacingGain = STARTUP_GAIN
    }
  }

  get #measuringWindow(): number {
    return Math.max(this.#leastWindow, MEASURING_SHARE * this.#model.bdpBytes)
  }

  #countLosses(news: AckNews): void {
    if (this.#model.isRoundStart) {
      this.#judgeLosses()
      this.#formerFlightBytes = this.#roundFlightBytes
      this.#roundFlightBytes = news.priorInFlightBytes
    }
    this.#roundLostBytes += news.lostBytes
    this.#roundAckedBytes += news.ackedBytes
  }

  /**
   * At the end of each round trip. Losses are a share of what was in flight when they left, at the beginning of this
   * round trip or the one before: where the peer's window holds everything back for one missing segment, a round trip
   * is a few repairs, and the losses found in it are those of a full window.
   */
  #judgeLosses(): void {
    const lost = this.#roundLostBytes
    const flightBytes = Math.max(this.#roundFlightBytes, this.#formerFlightBytes)
    const arrived = Math.max(this.#roundAckedBytes, flightBytes - lost)
    this.#roundLostBytes = 0
    this.#roundAckedBytes = 0
    this.#cycleLostBytes += lost
    this.#cycleArrivedBytes += arrived
    if (++this.#cycleRounds >= LOSS_ROUNDS) this.#judgeCycle()
  }

  #judgeCycle(): void {
    const lost = this.#cycleLostBytes
    const arrived = this.#cycleArrivedBytes
    this.#forgetLosses()
    if (lost < HEAVY_LOSS_SEGMENTS * this.#mssBytes || lost / (lost + arrived) <= HEAVY_LOSS) {
      this.#boundBytes *= BOUND_GROWTH
      return
    }
    const perRoundBytes = arrived / LOSS_ROUNDS
    this.#boundBytes = Math.max(
      HEAVY_LOSS_KEEP * Math.min(perRoundBytes, this.#boundBytes),
      this.#leastWindow,
    )
  }

  #forgetLosses(): void {
    this.#cycleRounds = 0
    this.#cycleLostBytes = 0
    this.#cycleArrivedBytes = 0
  }

  #setWindow(news: AckNews): void {
    const isGrowing = this.#hasTurned && !this.#isFull
    const sharers = Math.max(1, this.#sharers())
    const extraBytes = this.#isFull ? this.#model.extraBytes / sharers : 0
    const gain = isGrowing ? TURNED_WINDOW_GAIN : PATH_GAIN + QUEUE_GAIN / sharers
    const target = this.#inFlight(gain) + extraBytes
    const isKnown = this.#isFull || (isGrowing && this.#model.bdpBytes > 0)
    if (isKnown) this.cwndBytes = Math.min(this.cwndBytes + news.ackedBytes, target)
    else if (this.cwndBytes < target || news.deliveredBytes < FIRST_WINDOW_SEGMENTS * this.#mssBytes) {
      this.cwndBytes += news.ackedBytes
    }
    this.cwndBytes = Math.max(Math.min(this.cwndBytes, this.#boundBytes), this.#leastWindow)
    if (this.phase === 'probe-rtt') this.cwndBytes = Math.min(this.cwndBytes, this.#measuringWindow)
  }

  #keepWindow(): void {
    if (!this.#isRestoring && this.phase !== 'probe-rtt') this.#formerCwndBytes = this.cwndBytes
    else this.#formerCwndBytes = Math.max(this.#formerCwndBytes, this.cwndBytes)
  }

  #restore(): void {
    this.#isRestoring = false
    this.cwndBytes = Math.max(this.cwndBytes, this.#formerCwndBytes)
    this.#formerCwndBytes = 0
  }
}

export const newBbr = (options: CongestionOptions): CongestionControl => new Bbr(options)
