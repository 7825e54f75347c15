/**
 * Looking for somebody who is away: a path is asked for at growing, jittered intervals for as long as there is
 * something to send, and at once when something new is said.
 */
import type { DeviceId } from '../../../events/ids.ts'
import type { Output, Turn } from '../../../kernel/api/index.ts'
import { REACH_FIRST_MS, REACH_GROWTH, REACH_MAX_MS, REACH_OFTEN_MS } from './limits.ts'
import type { Timers } from './timers.ts'

export class PathSeeker {
  readonly #device: DeviceId
  readonly #timers: Timers
  #pauseMs = REACH_FIRST_MS
  #askedAtMs = Number.NEGATIVE_INFINITY

  constructor(device: DeviceId, timers: Timers) {
    this.#device = device
    this.#timers = timers
  }

  /** There is something new to send. */
  seek(turn: Turn, out: Output[]): void {
    if (turn.nowMs - this.#askedAtMs < REACH_FIRST_MS) return
    this.#pauseMs = REACH_FIRST_MS
    this.again(turn, out)
  }

  /** The pause is over and there is still something to send. */
  again(turn: Turn, out: Output[]): void {
    this.#askedAtMs = turn.nowMs
    out.push({ kind: 'reach', device: this.#device })
    const jitter = 0.75 + turn.random() / 2
    this.#timers.arm('reach', this.#pauseMs * jitter, out)
    const growth = this.#pauseMs < REACH_OFTEN_MS ? REACH_GROWTH.often : REACH_GROWTH.seldom
    this.#pauseMs = Math.min(REACH_MAX_MS, this.#pauseMs * growth)
  }

  found(out: Output[]): void {
    this.#pauseMs = REACH_FIRST_MS
    this.#askedAtMs = Number.NEGATIVE_INFINITY
    this.#timers.disarm('reach', out)
  }
}
