/**
 * Whether a size that was found still comes through (RFC 8899 calls the contrary a black hole). It is asked for together with a small challenge each time, and only when that is
 * answered and the large one is not this says something: on a path that is silent altogether everything is lost.
 */
import { MTU_CHECKS_MAX, MTU_TRIES } from './limits.ts'

const NEVER = Number.NEGATIVE_INFINITY
const LATER = Number.POSITIVE_INFINITY

export class MtuCheck {
  #isOpen = false
  #askedMs = NEVER
  #isSmallThrough = false
  #asked = 0
  #missed = 0

  /** The last challenge, of whichever check. */
  get lastMs(): number {
    return this.#askedMs
  }

  begin(): void {
    if (this.#isOpen) return
    this.#isOpen = true
    this.#isSmallThrough = false
    this.#asked = this.#missed = 0
  }

  end(): void {
    this.#isOpen = false
  }

  dueMs(patienceMs: number): number {
    if (!this.#isOpen) return LATER
    return this.#asked === 0 ? NEVER : this.#askedMs + patienceMs / 2
  }

  judge(): 'open' | 'carries-less' | 'silent' {
    if (this.#isSmallThrough) this.#missed += 1
    this.#isSmallThrough = false
    const isLess = this.#missed >= MTU_TRIES
    if (!isLess && this.#asked < MTU_CHECKS_MAX) return 'open'
    this.end()
    return isLess ? 'carries-less' : 'silent'
  }

  asked(nowMs: number): void {
    this.#askedMs = nowMs
    this.#asked += 1
  }

  cameThrough(sentMs: number): void {
    if (this.#isOpen && this.#asked > 0 && sentMs === this.#askedMs) this.#isSmallThrough = true
  }
}
