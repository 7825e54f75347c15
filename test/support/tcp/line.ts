/**
 * A line between two hosts, with all that happens to packets under way: lost, doubled, late, out of turn, too long, too
 * many. Chance comes from a seed and time is handed in, so it serves in virtual time and between real devices.
 */
import type { SeededRandom } from '../../../src/kernel/testing/seeded-random.ts'

export interface Course {
  /** One way. */
  readonly delayMs: number
  /** Added evenly between 0 and this; the order stays. */
  readonly jitterMs: number
  readonly lossShare: number
  readonly doubledShare: number
  /** Of those that come out of turn, and how much later at most. */
  readonly strayShare: number
  readonly strayMs: number
  /** Of those of which one bit is turned over. */
  readonly damagedShare: number
  /** 0: no bound. */
  readonly bytesPerMs: number
  /** How much waits for its turn at most before more is lost. */
  readonly queueBytes: number
}

export const CLEAN: Course = {
  ...{ delayMs: 0, jitterMs: 0, lossShare: 0, doubledShare: 0, strayShare: 0, strayMs: 0, damagedShare: 0 },
  ...{ bytesPerMs: 0, queueBytes: Number.POSITIVE_INFINITY },
}

export interface Time {
  now(): number
  after(delayMs: number, run: () => void): void
}

/** One direction. What is sent may be used again at once; what is delivered may be kept. */
export class Line {
  course: Course
  /** Nothing passes while it is cut. */
  isCut = false
  /** Longer packets are lost. */
  mtuBytes = Number.POSITIVE_INFINITY
  lost = 0
  tooLong = 0
  readonly #time: Time
  readonly #random: SeededRandom
  readonly #deliver: (packet: Uint8Array) => void
  #freeAtMs = 0
  #lastMs = 0

  constructor(course: Course, time: Time, random: SeededRandom, deliver: (packet: Uint8Array) => void) {
    this.course = course
    this.#time = time
    this.#random = random
    this.#deliver = deliver
  }

  send(packet: Uint8Array): void {
    const { lossShare, doubledShare } = this.course
    if (packet.length > this.mtuBytes) this.tooLong += 1
    else if (this.isCut || this.#happens(lossShare)) this.lost += 1
    else {
      this.#carry(packet)
      if (this.#happens(doubledShare)) this.#carry(packet)
    }
  }

  #carry(packet: Uint8Array): void {
    const { delayMs, jitterMs, strayShare, strayMs, damagedShare, bytesPerMs, queueBytes } = this.course
    const nowMs = this.#time.now()
    let leavesMs = nowMs
    if (bytesPerMs > 0) {
      const startMs = Math.max(nowMs, this.#freeAtMs)
      if ((startMs - nowMs) * bytesPerMs > queueBytes) {
        this.lost += 1
        return
      }
      leavesMs = this.#freeAtMs = startMs + packet.length / bytesPerMs
    }
    let atMs = leavesMs + delayMs + jitterMs * (jitterMs > 0 ? this.#random.next() : 0)
    if (this.#happens(strayShare)) atMs += strayMs * this.#random.next()
    else atMs = this.#lastMs = Math.max(atMs, this.#lastMs)
    // `slice` of a Buffer is no copy.
    const copy = Uint8Array.from(packet)
    if (this.#happens(damagedShare))
      copy[this.#random.between(0, copy.length - 1)]! ^= 1 << this.#random.between(0, 7)
    if (atMs <= nowMs) this.#deliver(copy)
    else this.#time.after(atMs - nowMs, () => this.#deliver(copy))
  }

  #happens(share: number): boolean {
    return share > 0 && this.#random.next() < share
  }
}
