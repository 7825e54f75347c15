/**
 * A path between two ends in virtual time: a narrow place with a drop-tail buffer that flows share, then a delay,
 * with chance losses and chance lateness; and a way back for ACKs that can lose, delay and gather them.
 */
import { SeededRandom } from '../../../../../../src/kernel/testing/seeded-random.ts'
import type { VirtualTime } from './virtual-time.ts'

/** IP, TCP with timestamps, and what the tunnel puts around. */
const HEADER_BYTES = 60 + 32 + 28

export interface LinkOptions {
  /** Of payload and headers; 1 Mb/s is 125. Infinity: a delay only. */
  readonly bytesPerMs: number
  readonly oneWayMs: number
  readonly bufferBytes: number
  /** Chance that a segment is lost, and an ACK. */
  readonly loss?: number
  readonly ackLoss?: number
  /** Chance that a segment is late by so much. */
  readonly late?: number
  readonly lateMs?: number
  /** ACKs wait for the next multiple of this. */
  readonly gatherAcksMs?: number
  readonly seed: number
}

export class Link {
  readonly time: VirtualTime
  bytesPerMs: number
  oneWayMs: number
  bufferBytes: number
  loss: number
  isDown = false
  /** Larger payloads vanish. */
  largestBytes = Number.POSITIVE_INFINITY
  dropped = 0
  lost = 0
  carried = 0
  /** Queue seen by each segment that was taken, summed up, and the longest. */
  queueSumMs = 0
  queueMaxMs = 0
  readonly #options: LinkOptions
  readonly #random: SeededRandom
  #freeAtMs = 0

  constructor(time: VirtualTime, options: LinkOptions) {
    this.time = time
    this.bytesPerMs = options.bytesPerMs
    this.oneWayMs = options.oneWayMs
    this.bufferBytes = options.bufferBytes
    this.loss = options.loss ?? 0
    this.#options = options
    this.#random = new SeededRandom(options.seed)
  }

  get meanQueueMs(): number {
    return this.queueSumMs / Math.max(1, this.carried)
  }

  forgetQueue(): void {
    this.queueSumMs = 0
    this.queueMaxMs = 0
    this.carried = 0
    this.dropped = 0
  }

  send(payloadBytes: number, arrive: () => void): void {
    const { time } = this
    const isChance = this.#random.next() < this.loss
    if (this.isDown || payloadBytes > this.largestBytes) return
    const bytes = payloadBytes + HEADER_BYTES
    const queueMs = Math.max(0, this.#freeAtMs - time.nowMs)
    if (queueMs * this.bytesPerMs + bytes > this.bufferBytes) {
      this.dropped++
      return
    }
    this.carried++
    this.queueSumMs += queueMs
    this.queueMaxMs = Math.max(this.queueMaxMs, queueMs)
    this.#freeAtMs = time.nowMs + queueMs + bytes / this.bytesPerMs
    if (isChance) {
      this.lost++
      return
    }
    const { late = 0, lateMs = 0 } = this.#options
    const isLate = late > 0 && this.#random.next() < late
    time.at(this.#freeAtMs + this.oneWayMs + (isLate ? lateMs : 0), arrive)
  }

  sendBack(arrive: () => void): void {
    const { ackLoss = 0, gatherAcksMs = 0 } = this.#options
    if (this.isDown || (ackLoss > 0 && this.#random.next() < ackLoss)) return
    const atMs = this.time.nowMs + this.oneWayMs
    this.time.at(gatherAcksMs > 0 ? Math.ceil(atMs / gatherAcksMs) * gatherAcksMs : atMs, arrive)
  }
}
