/**
 * Where the holder of a slot is. A proven place has echoed a cookie. A claim from elsewhere moves the slot at once,
 * because whoever roams should not wait for a round trip, but until the new place is proven little goes there and
 * the old one is kept: a claim that somebody copied and sent from elsewhere wins next to nothing.
 */
import type { UdpEndpoint } from '../../../kernel/api/index.ts'
import { isSameEndpoint, keptEndpoint } from '../endpoint.ts'
import { LEAVING_MS, UNPROVEN_FACTOR, UNPROVEN_MAX_MS } from './limits.ts'

export class Whereabouts {
  #proven: UdpEndpoint
  /** A place on trial, and until when. */
  #trial: UdpEndpoint | undefined
  #trialEndsMs = 0
  #allowance = 0
  /** The place before the present one. */
  #left: UdpEndpoint | undefined
  #leftUntilMs = 0

  constructor(proven: UdpEndpoint) {
    this.#proven = keptEndpoint(proven)
  }

  /** Whether data from here is the holder's. Counts its bytes. */
  accepts(from: UdpEndpoint, length: number, nowMs: number): boolean {
    const trial = this.#trial
    if (trial !== undefined) {
      if (nowMs >= this.#trialEndsMs) this.#trial = undefined
      else if (isSameEndpoint(trial, from)) {
        this.#allowance += UNPROVEN_FACTOR * length
        return true
      }
    }
    return (
      isSameEndpoint(this.#proven, from) ||
      (this.#left !== undefined && nowMs < this.#leftUntilMs && isSameEndpoint(this.#left, from))
    )
  }

  /** Where so many bytes for the holder go. */
  target(length: number, nowMs: number): UdpEndpoint {
    const trial = this.#trial
    if (trial === undefined) return this.#proven
    if (nowMs >= this.#trialEndsMs) {
      this.#trial = undefined
      return this.#proven
    }
    if (length > this.#allowance) return this.#proven
    this.#allowance -= length
    return trial
  }

  /**
   * An authentic claim of `length` bytes from here, which is answered with `answerLength`; `isProven` if it echoed this
   * place's cookie. True: it moved.
   */
  claim(from: UdpEndpoint, length: number, answerLength: number, isProven: boolean, nowMs: number): boolean {
    const earned = UNPROVEN_FACTOR * length - answerLength
    const isHere = isSameEndpoint(this.#proven, from)
    const isTrial = this.#trial !== undefined && isSameEndpoint(this.#trial, from)
    if (isProven || isHere) {
      if (!isHere) {
        this.#left = this.#proven
        this.#leftUntilMs = nowMs + LEAVING_MS
        this.#proven = isTrial ? this.#trial! : keptEndpoint(from)
      }
      this.#trial = undefined
      return !isHere && !isTrial
    }
    if (isTrial && nowMs < this.#trialEndsMs) {
      this.#allowance += earned
      return false
    }
    this.#trial = keptEndpoint(from)
    this.#trialEndsMs = nowMs + UNPROVEN_MAX_MS
    this.#allowance = earned
    return true
  }
}
