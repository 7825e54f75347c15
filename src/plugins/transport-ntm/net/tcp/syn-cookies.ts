/**
 * Answers to SYNs that leave no trace (RFC 4987 §3.6): what has to be remembered travels in the own sequence number
 * and timestamp, and comes back with the acknowledgement. Used when a listener has as many half-open connections as
 * it bears.
 */
import type { Agreement } from './agreement.ts'
import type { Flow } from './flow.ts'
import type { InitialNumbers } from './initial-numbers.ts'
import { MSS_MIN } from './limits.ts'
import type { Segment } from './segment.ts'

/** What a peer's MSS is rounded down to. */
const MSS_STEPS = [MSS_MIN, 536, 1000, 1120, 1140, 1220, 1320, 1440] as const

/** A cookie holds for the rest of its period and one more. */
const PERIOD_MS = 32_000
const PERIODS = 32

const MAC_BITS = 24
const MAC_USE = 2
const NO_SCALE = 15
/** A timestamp with its five lowest bits given away, and never ahead of the clock. */
const STAMP_STEP = 32

const periodOf = (nowMs: number): number => Math.floor(nowMs / PERIOD_MS)

const stepOf = (mss: number): number => {
  let step = 0
  while (step + 1 < MSS_STEPS.length && MSS_STEPS[step + 1]! <= mss) step++
  return step
}

export class SynCookies {
  readonly #numbers: InitialNumbers

  constructor(numbers: InitialNumbers) {
    this.#numbers = numbers
  }

  /** The sequence number that answers a SYN. */
  sequence(flow: Flow, peerInitial: number, agreed: Agreement, nowMs: number): number {
    return this.#sequence(flow, peerInitial, periodOf(nowMs), stepOf(agreed.peerMss))
  }

  /** The timestamp that answers a SYN, by an own clock that shows `clock`. */
  timestamp(clock: number, agreed: Agreement): number {
    const scale = agreed.peerWindowScale < 0 ? NO_SCALE : agreed.peerWindowScale
    const stamp = Math.floor((clock >>> 0) / STAMP_STEP) * STAMP_STEP - STAMP_STEP
    return (stamp + 2 * scale + (agreed.usesSack ? 1 : 0)) >>> 0
  }

  /** What the SYN settled whose answer this acknowledges; undefined: no cookie of ours, or one too old. */
  open(flow: Flow, ack: Segment, nowMs: number): Agreement | undefined {
    const cookie = (ack.ack - 1) >>> 0
    const step = (cookie >>> MAC_BITS) & 7
    const age = (periodOf(nowMs) - (cookie >>> (MAC_BITS + 3))) & (PERIODS - 1)
    const period = periodOf(nowMs) - age
    if (age > 1 || this.#sequence(flow, (ack.seq - 1) >>> 0, period, step) !== cookie) return undefined
    const { hasTimestamps, timestampEcho } = ack.options
    const scale = (timestampEcho >>> 1) & 15
    return {
      peerMss: MSS_STEPS[step]!,
      usesTimestamps: hasTimestamps,
      usesSack: hasTimestamps && (timestampEcho & 1) === 1,
      peerWindowScale: !hasTimestamps || scale === NO_SCALE ? -1 : scale,
    }
  }

  #sequence(flow: Flow, peerInitial: number, period: number, step: number): number {
    const head = ((period % PERIODS) << (MAC_BITS + 3)) | (step << MAC_BITS)
    const mac = this.#numbers.hash(flow, MAC_USE, peerInitial, period * MSS_STEPS.length + step) >>> 8
    return (head | mac) >>> 0
  }
}
