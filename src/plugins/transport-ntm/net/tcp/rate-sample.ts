/**
 * How fast the path delivers, measured by each ACK over the flight of the newest segment that it delivers: the
 * slower of the rates at which data left and at which it arrived (draft-cheng-iccrg-delivery-rate-estimation).
 */
import { LIMITED, type Records } from './records.ts'

export class RateSampler {
  /** Bytes delivered, in order or by SACK, and lost, since the connection or the path began. */
  deliveredBytes = 0
  lostBytes = 0
  #deliveredAtMs = 0
  #firstSentAtMs = 0
  /** Samples are limited by the application until so much is delivered. */
  #limitedUntilBytes = 0

  /** The sample of the ACK at hand: of its newest segment. */
  #order = 0
  priorDeliveredBytes = 0
  sentInFlightBytes = 0
  lostSinceSentBytes = 0
  isAppLimited = false
  #priorAtMs = 0
  #sendElapsedMs = 0

  /** A record leaves; `inFlightBytes` counts it. */
  sent(records: Records, record: number, inFlightBytes: number, nowMs: number): void {
    const at = records.at(record)
    if (inFlightBytes <= records.bytesOf(record)) {
      // Nothing was under way: the pause before counts neither for sending nor for arriving.
      this.#deliveredAtMs = nowMs
      this.#firstSentAtMs = nowMs
    }
    records.delivered[at] = this.deliveredBytes
    records.deliveredAtMs[at] = this.#deliveredAtMs
    records.firstSentAtMs[at] = this.#firstSentAtMs
    records.inFlight[at] = inFlightBytes
    records.lostBefore[at] = this.lostBytes
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
    this.deliveredBytes += bytes
    this.#deliveredAtMs = nowMs
    const at = records.at(record)
    if (records.order[at]! <= this.#order) return
    this.#order = records.order[at]!
    this.priorDeliveredBytes = records.delivered[at]!
    this.#priorAtMs = records.deliveredAtMs[at]!
    this.#sendElapsedMs = records.sentAtMs[at]! - records.firstSentAtMs[at]!
    this.sentInFlightBytes = records.inFlight[at]!
    this.lostSinceSentBytes = this.lostBytes - records.lostBefore[at]!
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
    return (this.deliveredBytes - this.priorDeliveredBytes) / elapsedMs
  }

  /** The application had nothing more to send while the window had room. */
  limited(inFlightBytes: number): void {
    this.#limitedUntilBytes = Math.max(1, this.deliveredBytes + inFlightBytes)
  }
}
