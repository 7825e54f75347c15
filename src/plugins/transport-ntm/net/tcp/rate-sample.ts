/**
 * How fast the path delivers, measured by each ACK over the flight of the newest segment that it delivers: the
 * slower of the rates at which data left and at which it arrived (draft-cheng-iccrg-delivery-rate-estimation).
 */
import { LIMITED, type Records } from './records.ts'

/** ACKs within this time came together, as a socket hands them over. */
const TOGETHER_MS = 1
/** What was delivered longer ago than this before them is no measure for what leaves now. */
const APART_MAX_MS = 4

export class RateSampler {
  /** Bytes delivered, in order or by SACK, over the path that is used now and those before. */
  deliveredBytes = 0
  #deliveredAtMs = 0
  #firstSentAtMs = 0
  /** When the ACKs that came together last began to come, and how much was delivered before them, and when. */
  #togetherSinceMs = Number.NEGATIVE_INFINITY
  #beforeBytes = 0
  #beforeAtMs = Number.NEGATIVE_INFINITY
  /** Samples are limited by the application until so much is delivered. */
  #limitedUntilBytes = 0

  /** The sample of the ACK at hand: of its newest segment. */
  #order = 0
  priorDeliveredBytes = 0
  isAppLimited = false
  #priorBytes = 0
  #priorAtMs = 0
  #sendElapsedMs = 0

  /** A record leaves; `inFlightBytes` counts it. */
  sent(records: Records, record: number, inFlightBytes: number, nowMs: number): void {
    const at = records.at(record)
    if (inFlightBytes <= records.bytesOf(record)) {
      // Nothing was under way: the pause before counts neither for sending nor for arriving.
      this.#deliveredAtMs = nowMs
      this.#firstSentAtMs = nowMs
      this.#togetherSinceMs = Number.NEGATIVE_INFINITY
    }
    // Sent between ACKs that came together, it would count the rest of them as delivered in its own flight.
    const isBetween = nowMs - this.#togetherSinceMs < TOGETHER_MS && nowMs - this.#beforeAtMs <= APART_MAX_MS
    records.delivered[at] = this.deliveredBytes
    records.priorBytes[at] = isBetween ? this.#beforeBytes : this.deliveredBytes
    records.priorAtMs[at] = isBetween ? this.#beforeAtMs : this.#deliveredAtMs
    records.firstSentAtMs[at] = this.#firstSentAtMs
    const limited = this.#limitedUntilBytes > 0 ? LIMITED : 0
    records.state[at] = (records.state[at]! & ~LIMITED) | limited
  }

  /** What leaves now is limited by the application. */
  get isLimited(): boolean {
    return this.#limitedUntilBytes > 0
  }

  begin(): void {
    this.#order = 0
  }

  delivered(records: Records, record: number, bytes: number, nowMs: number): void {
    if (nowMs - this.#togetherSinceMs >= TOGETHER_MS) {
      this.#togetherSinceMs = nowMs
      this.#beforeBytes = this.deliveredBytes
      this.#beforeAtMs = this.#deliveredAtMs
    }
    this.deliveredBytes += bytes
    this.#deliveredAtMs = nowMs
    const at = records.at(record)
    if (records.order[at]! <= this.#order) return
    this.#order = records.order[at]!
    this.priorDeliveredBytes = records.delivered[at]!
    this.#priorBytes = records.priorBytes[at]!
    this.#priorAtMs = records.priorAtMs[at]!
    this.#sendElapsedMs = records.sentAtMs[at]! - records.firstSentAtMs[at]!
    this.isAppLimited = records.is(record, LIMITED)
    this.#firstSentAtMs = records.sentAtMs[at]!
  }

  /** Whether the ACK at hand delivered anything that a sample can be made of. */
  get hasSample(): boolean {
    return this.#order > 0
  }

  /** 0 where the ACK tells nothing: a rate over less than a round trip is a burst, not the path. */
  rateBytesPerMs(minRttMs: number, nowMs: number): number {
    if (this.deliveredBytes > this.#limitedUntilBytes) this.#limitedUntilBytes = 0
    if (!this.hasSample) return 0
    const elapsedMs = Math.max(this.#sendElapsedMs, nowMs - this.#priorAtMs)
    if (elapsedMs <= 0 || elapsedMs < minRttMs) return 0
    return (this.deliveredBytes - this.#priorBytes) / elapsedMs
  }

  /** The application had nothing more to send while the window had room. */
  limited(inFlightBytes: number): void {
    this.#limitedUntilBytes = Math.max(1, this.deliveredBytes + inFlightBytes)
  }
}
