/**
 * When to probe: a round sends densely at first, because that is when two NATs are being opened from both sides, and
 * thins out. While there is only a relay, rounds come again, ever more rarely; what happens on the network, or a
 * person who writes after a long silence, begins one at once.
 */
import { PROBE_OFFSETS_MS, ROUND_PAUSES, TRY_HARDER_AFTER_MS } from './limits.ts'

const NEVER = Number.POSITIVE_INFINITY

export class Rounds {
  #startedMs = Number.NEGATIVE_INFINITY
  #step = PROBE_OFFSETS_MS.length
  #nextRoundMs = NEVER
  #triedHarder = true

  get dueMs(): number {
    const offsetMs = PROBE_OFFSETS_MS[this.#step]
    const probeMs = offsetMs === undefined ? this.#nextRoundMs : this.#startedMs + offsetMs
    return this.#triedHarder ? probeMs : Math.min(probeMs, this.#startedMs + TRY_HARDER_AFTER_MS)
  }

  /** Monotonic ms; what was proved since then needs no more probes of this round. */
  get startedMs(): number {
    return this.#startedMs
  }

  /** Begins a round, unless one is in its dense beginning. */
  start(nowMs: number): void {
    if (nowMs - this.#startedMs < TRY_HARDER_AFTER_MS) return
    this.restart(nowMs)
  }

  /** Begins a round in any case. */
  restart(nowMs: number): void {
    this.#startedMs = nowMs
    this.#step = 0
    this.#nextRoundMs = NEVER
    this.#triedHarder = false
  }

  /** The number of the probe that is due now, from 0; undefined when none is. */
  take(nowMs: number): number | undefined {
    if (this.#step >= PROBE_OFFSETS_MS.length && this.#nextRoundMs <= nowMs) this.restart(nowMs)
    const offsetMs = PROBE_OFFSETS_MS[this.#step]
    if (offsetMs === undefined || this.#startedMs + offsetMs > nowMs) return undefined
    this.#step += 1
    return this.#step - 1
  }

  /** Whether the ordinary probes have had their chance; true once a round. */
  takeHarder(nowMs: number): boolean {
    if (this.#triedHarder || nowMs < this.#startedMs + TRY_HARDER_AFTER_MS) return false
    this.#triedHarder = true
    return true
  }

  /** Enough is known. */
  finish(): void {
    this.#step = PROBE_OFFSETS_MS.length
    this.#triedHarder = true
    this.#nextRoundMs = NEVER
  }

  /** The round is over and there is still only a relay: another one, after a pause that grows, at least `leastMs`. */
  again(relayedForMs: number, leastMs: number, random: () => number): void {
    if (this.#step < PROBE_OFFSETS_MS.length || this.#nextRoundMs !== NEVER) return
    const { pauseMs } = ROUND_PAUSES.find(pause => relayedForMs < pause.relayedForMs) ?? ROUND_PAUSES.at(-1)!
    this.#nextRoundMs = this.#startedMs + Math.max(pauseMs, leastMs) * (0.9 + random() / 5)
  }

  /** No round by itself any more. */
  rest(): void {
    this.#nextRoundMs = NEVER
  }
}
