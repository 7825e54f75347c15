/**
 * What one ACK delivered, gathered record by record while the scoreboard takes it in: bytes, round trips, the rate
 * sample, what RACK must know. One object per connection, emptied for each ACK.
 */
import type { AckNews } from './congestion.ts'
import type { Rack } from './rack.ts'
import type { RateSampler } from './rate-sample.ts'
import { AGAIN, LOST } from './records.ts'
import type { Recovery } from './recovery.ts'
import type { DeliveryListener, Scoreboard } from './scoreboard.ts'

export class AckTally implements DeliveryListener {
  deliveredBytes = 0
  /** Something that had left again in this episode of loss. */
  hasRepair = false
  /** Something that had left before the path turned. */
  hasStale = false
  /** An original of before the timeout. */
  hasOriginal = false
  #oldestRttMs: number | undefined
  #newestRttMs: number | undefined
  /** Something that had left more than once: what else came with it may have waited behind it (RFC 6298 §3). */
  #hasAgain = false
  #newestOrder = 0
  #nowMs = 0
  #minRttMs = 0
  readonly #board: Scoreboard
  readonly #rack: Rack
  readonly #rate: RateSampler
  readonly #recovery: Recovery

  constructor(board: Scoreboard, rack: Rack, rate: RateSampler, recovery: Recovery) {
    this.#board = board
    this.#rack = rack
    this.#rate = rate
    this.#recovery = recovery
  }

  /** Of the oldest record delivered: what a timeout has to wait for. */
  get oldestRttMs(): number | undefined {
    return this.#hasAgain ? undefined : this.#oldestRttMs
  }

  /** Of the newest one: what the path is like, without the peer's delay. */
  get newestRttMs(): number | undefined {
    return this.#hasAgain ? undefined : this.#newestRttMs
  }

  begin(nowMs: number, minRttMs: number): void {
    this.#nowMs = nowMs
    this.#minRttMs = minRttMs
    this.deliveredBytes = 0
    this.#oldestRttMs = undefined
    this.#newestRttMs = undefined
    this.#hasAgain = false
    this.hasRepair = false
    this.hasStale = false
    this.hasOriginal = false
    this.#newestOrder = 0
    this.#rate.begin()
  }

  delivered(record: number, bytes: number): void {
    const board = this.#board
    const at = board.at(record)
    const order = board.order[at]!
    const wasAgain = board.is(record, AGAIN)
    this.deliveredBytes += bytes
    if (this.#recovery.isRepair(order, wasAgain)) this.hasRepair = true
    if (this.#recovery.isOriginal(order, wasAgain)) this.hasOriginal = true
    if (board.isStale(record)) {
      this.hasStale = true
      return
    }
    if (board.is(record, LOST)) this.#recovery.arrivedAfterAll(bytes)
    this.#rack.delivered(board, record, this.#minRttMs, this.#nowMs)
    this.#rate.delivered(board, record, bytes, this.#nowMs)
    if (wasAgain) {
      this.#hasAgain = true
      return
    }
    const rttMs = this.#nowMs - board.sentAtMs[at]!
    this.#oldestRttMs ??= rttMs
    if (order <= this.#newestOrder) return
    this.#newestOrder = order
    this.#newestRttMs = rttMs
  }

  /** What the congestion control is told of this ACK, but for losses. */
  fill(news: AckNews, inFlightBytes: number): void {
    const rate = this.#rate
    news.nowMs = this.#nowMs
    news.ackedBytes = this.deliveredBytes
    news.inFlightBytes = inFlightBytes
    news.rttMs = this.newestRttMs
    news.deliveredBytes = rate.deliveredBytes
    news.priorDeliveredBytes = rate.hasSample ? rate.priorDeliveredBytes : -1
    news.rateBytesPerMs = rate.rateBytesPerMs(this.#minRttMs, this.#nowMs)
    news.isAppLimited = rate.isAppLimited
    news.isRecovering = this.#recovery.episode !== 'none'
  }
}
