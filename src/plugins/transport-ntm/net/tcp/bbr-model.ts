/**
 * What BBR believes of the path: the rate at the narrowest link, the round trip without a queue, and how many bytes
 * ACKs tend to come together for. Loss plays no part here.
 */
import type { AckNews } from './congestion.ts'

/** Round trips that a rate counts for. */
const RATE_ROUNDS = 10
/** A round trip older than this is to be measured anew. */
const MIN_RTT_AGE_MS = 10_000
/** At most so much of the rate is allowed for ACKs that come together. */
const AGGREGATION_MAX_MS = 100

/** The largest of what was seen in each of the last round trips. */
class RoundMaximum {
  readonly #slots = new Float64Array(RATE_ROUNDS)
  #round = 0
  value = 0
  /** Nothing has been seen for so many round trips: the last value stands until something is. */
  isOld = false

  see(value: number): void {
    if (value > this.#slots[this.#round]!) this.#slots[this.#round] = value
    if (this.isOld || value > this.value) this.value = value
    this.isOld = false
  }

  nextRound(): void {
    this.#round = (this.#round + 1) % RATE_ROUNDS
    this.#slots[this.#round] = 0
    let largest = 0
    for (let slot = 0; slot < RATE_ROUNDS; slot++) largest = Math.max(largest, this.#slots[slot]!)
    this.isOld = largest === 0
    if (!this.isOld) this.value = largest
  }

  forget(): void {
    this.#slots.fill(0)
    this.value = 0
    this.isOld = false
  }
}

export class PathModel {
  /** undefined before the first measurement. */
  minRttMs: number | undefined
  /** The minimum is older than it may be; decided before the ACK at hand renewed it. */
  isMinRttOld = false
  isRoundStart = false
  rounds = 0
  /** What a path before this one delivered, where the ACK at hand ends the time in which that is believed. */
  endedCarriedRate = 0
  readonly #rates = new RoundMaximum()
  readonly #extras = new RoundMaximum()
  /** A rate from before the path turned, believed for two round trips. */
  #carriedRate = 0
  #carriedUntilRound = 0
  #minRttAtMs = 0
  #nextRoundBytes = 0
  #epochAtMs = 0
  #epochBytes = 0

  /** 0 before the first measurement. */
  get bytesPerMs(): number {
    return Math.max(this.#rates.value, this.#carriedRate)
  }

  /** What is in flight on an empty path; 0 before it is known. */
  get bdpBytes(): number {
    return this.minRttMs === undefined ? 0 : this.bytesPerMs * this.minRttMs
  }

  /** The rate is still that of the path before. */
  get isCarried(): boolean {
    return this.#carriedRate > 0
  }

  get extraBytes(): number {
    return Math.min(this.#extras.value, this.bytesPerMs * AGGREGATION_MAX_MS)
  }

  learn(news: AckNews, cwndBytes: number): void {
    this.#countRound(news)
    this.#learnAggregation(news, cwndBytes)
    const isMeasure = !news.isAppLimited || this.#rates.isOld || news.rateBytesPerMs >= this.bytesPerMs
    if (news.rateBytesPerMs > 0 && isMeasure) this.#rates.see(news.rateBytesPerMs)
    this.isMinRttOld = this.minRttMs !== undefined && news.nowMs - this.#minRttAtMs > MIN_RTT_AGE_MS
    if (news.rttMs === undefined) return
    if (this.minRttMs !== undefined && news.rttMs > this.minRttMs && !this.isMinRttOld) return
    this.minRttMs = news.rttMs
    this.#minRttAtMs = news.nowMs
  }

  /** The pause that measures the round trip is over: what it showed holds for the next time. */
  renewMinRtt(nowMs: number): void {
    this.#minRttAtMs = nowMs
  }

  /** The next path may be as fast as the last one, until a round trip has shown. */
  turned(): void {
    this.#carriedRate = this.bytesPerMs
    this.#carriedUntilRound = this.rounds + 2
    this.minRttMs = undefined
    this.#rates.forget()
    this.#extras.forget()
    this.#epochBytes = 0
  }

  #countRound(news: AckNews): void {
    this.isRoundStart = news.priorDeliveredBytes >= this.#nextRoundBytes
    this.endedCarriedRate = 0
    if (!this.isRoundStart) return
    this.rounds++
    this.#nextRoundBytes = news.deliveredBytes
    this.#rates.nextRound()
    this.#extras.nextRound()
    if (this.rounds < this.#carriedUntilRound) return
    this.endedCarriedRate = this.#carriedRate
    this.#carriedRate = 0
  }

  /** How far what was acknowledged since an epoch began is ahead of the rate. */
  #learnAggregation(news: AckNews, cwndBytes: number): void {
    const expectedBytes = this.bytesPerMs * (news.nowMs - this.#epochAtMs)
    if (this.#epochBytes <= expectedBytes) {
      this.#epochAtMs = news.nowMs
      this.#epochBytes = news.ackedBytes
      this.#extras.see(Math.min(news.ackedBytes, cwndBytes))
      return
    }
    this.#epochBytes += news.ackedBytes
    this.#extras.see(Math.min(this.#epochBytes - expectedBytes, cwndBytes))
  }
}
