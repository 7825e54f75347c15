/**
 * CUBIC (RFC 9438): the window follows a cubic of the time since the last loss. Here to compare with; a path that
 * loses a packet in a hundred for other reasons than congestion leaves it hardly any window.
 */
import type { AckNews, CongestionControl, CongestionOptions } from './congestion.ts'

const FIRST_WINDOW_SEGMENTS = 10
const LEAST_WINDOW_SEGMENTS = 2
/** RFC 9438 §5: segments per cubic second, and what a loss leaves of the window. */
const C = 0.4
const BETA = 0.7
/** RFC 9438 §4.3: grows as Reno with a loss factor of BETA would. */
const RENO_ALPHA = (3 * (1 - BETA)) / (1 + BETA)
/** Faster than the window over the round trip, so that pacing never is what limits. */
const SLOW_START_PACE = 2
const PACE = 1.25
const RTT_WEIGHT = 1 / 8

class Cubic implements CongestionControl {
  readonly name = 'cubic'
  cwndBytes: number
  pacingBytesPerMs = Number.POSITIVE_INFINITY
  #mssBytes: number
  #srttMs = 0
  #thresholdBytes = Number.POSITIVE_INFINITY
  #maximumBytes = 0
  /** Where the present cubic began; undefined: at the next ACK. */
  #epochMs: number | undefined
  #originSeconds = 0
  #renoBytes = 0
  #formerCwndBytes = 0
  #formerThresholdBytes = 0
  #formerMaximumBytes = 0

  constructor(options: CongestionOptions) {
    this.#mssBytes = options.mssBytes
    this.cwndBytes = FIRST_WINDOW_SEGMENTS * options.mssBytes
  }

  get phase(): string {
    return this.cwndBytes < this.#thresholdBytes ? 'slow-start' : 'avoidance'
  }

  setMss(mssBytes: number): void {
    this.#mssBytes = mssBytes
    this.cwndBytes = Math.max(this.cwndBytes, LEAST_WINDOW_SEGMENTS * mssBytes)
  }

  /** A pause is no time in which the window might have grown (RFC 9438 §5.8). */
  restarted(_nowMs: number, _isAppLimited: boolean): void {
    this.#epochMs = undefined
  }

  acked(news: AckNews): void {
    if (news.rttMs !== undefined) {
      this.#srttMs += (this.#srttMs === 0 ? 1 : RTT_WEIGHT) * (news.rttMs - this.#srttMs)
    }
    const isSlowStart = this.cwndBytes < this.#thresholdBytes
    // Paced, half of the window is in flight while it doubles: that is use enough.
    const isUsed = 2 * news.priorInFlightBytes >= this.cwndBytes
    if (isSlowStart && isUsed) this.cwndBytes += news.ackedBytes
    else if (!isSlowStart && !news.isRecovering && news.isCwndLimited) this.#grow(news)
    if (this.#srttMs === 0) return
    this.pacingBytesPerMs = ((isSlowStart ? SLOW_START_PACE : PACE) * this.cwndBytes) / this.#srttMs
  }

  recovering(_nowMs: number, _inFlightBytes: number): void {
    this.#shrink()
    this.cwndBytes = this.#thresholdBytes
  }

  recovered(_nowMs: number): void {}

  timedOut(_nowMs: number): void {
    this.#shrink()
    this.cwndBytes = this.#mssBytes
  }

  undo(): void {
    if (this.#formerCwndBytes === 0) return
    this.cwndBytes = Math.max(this.cwndBytes, this.#formerCwndBytes)
    this.#thresholdBytes = this.#formerThresholdBytes
    this.#maximumBytes = this.#formerMaximumBytes
    this.#formerCwndBytes = 0
    this.#epochMs = undefined
  }

  turned(_nowMs: number): void {
    this.cwndBytes = FIRST_WINDOW_SEGMENTS * this.#mssBytes
    this.#thresholdBytes = Number.POSITIVE_INFINITY
    this.#maximumBytes = 0
    this.#epochMs = undefined
    this.#srttMs = 0
    this.#formerCwndBytes = 0
    this.pacingBytesPerMs = Number.POSITIVE_INFINITY
  }

  /** What is to be known for `undo`, fast convergence (RFC 9438 §4.7), and the threshold. */
  #shrink(): void {
    this.#formerCwndBytes = this.cwndBytes
    this.#formerThresholdBytes = this.#thresholdBytes
    this.#formerMaximumBytes = this.#maximumBytes
    const hasLessThanBefore = this.cwndBytes < this.#maximumBytes
    this.#maximumBytes = hasLessThanBefore ? (this.cwndBytes * (1 + BETA)) / 2 : this.cwndBytes
    this.#thresholdBytes = Math.max(BETA * this.cwndBytes, LEAST_WINDOW_SEGMENTS * this.#mssBytes)
    this.#epochMs = undefined
  }

  #grow(news: AckNews): void {
    if (this.#epochMs === undefined) this.#beginEpoch(news.nowMs)
    const seconds = (news.nowMs - this.#epochMs! + this.#srttMs) / 1_000
    const cubicBytes = this.#maximumBytes + C * (seconds - this.#originSeconds) ** 3 * this.#mssBytes
    const targetBytes = Math.min(Math.max(cubicBytes, this.cwndBytes), 1.5 * this.cwndBytes)
    const alpha = this.#renoBytes >= this.#maximumBytes ? 1 : RENO_ALPHA
    this.#renoBytes += (alpha * news.ackedBytes * this.#mssBytes) / this.cwndBytes
    this.cwndBytes += ((targetBytes - this.cwndBytes) * news.ackedBytes) / this.cwndBytes
    this.cwndBytes = Math.max(this.cwndBytes, this.#renoBytes)
  }

  #beginEpoch(nowMs: number): void {
    this.#epochMs = nowMs
    this.#renoBytes = this.cwndBytes
    this.#maximumBytes = Math.max(this.#maximumBytes, this.cwndBytes)
    this.#originSeconds = Math.cbrt((this.#maximumBytes - this.cwndBytes) / this.#mssBytes / C)
  }
}

export const newCubic = (options: CongestionOptions): CongestionControl => new Cubic(options)
