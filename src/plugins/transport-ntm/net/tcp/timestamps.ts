/**
 * The timestamps option of one connection (RFC 7323): round trips by the echo of the own clock, and protection
 * against segments of an earlier turn of the sequence numbers. The clock ticks in milliseconds, and begins anywhere.
 */
import type { Options } from './options.ts'
import { isBefore } from './sequence.ts'

/** After this the peer's last timestamp says nothing any more (RFC 7323 §5.5). */
const STALE_MS = 24 * 24 * 3600 * 1000

export class Timestamps {
  isOn = false
  #recent = 0
  #recentMs = 0
  readonly #begin: number

  constructor(begin: number) {
    this.#begin = begin
  }

  /** What the own clock shows. */
  value(nowMs: number): number {
    return (Math.floor(nowMs) + this.#begin) >>> 0
  }

  start(options: Options, nowMs: number): void {
    this.isOn = true
    this.#recent = options.timestamp
    this.#recentMs = nowMs
  }

  /** Whether a segment is older than one that was taken. */
  isOld(options: Options, nowMs: number): boolean {
    return isBefore(options.timestamp, this.#recent) && nowMs - this.#recentMs < STALE_MS
  }

  /** Whether a segment is newer than any that was taken. */
  isNew(options: Options): boolean {
    return isBefore(this.#recent, options.timestamp)
  }

  /** The segment covers the last acknowledgement sent, so its timestamp is the one to echo. */
  take(options: Options, nowMs: number): void {
    if (this.isOld(options, nowMs)) return
    this.#recent = options.timestamp
    this.#recentMs = nowMs
  }

  fill(options: Options, nowMs: number, isAck: boolean): void {
    options.hasTimestamps = true
    options.timestamp = this.value(nowMs)
    options.timestampEcho = isAck ? this.#recent : 0
  }

  /** Round trip of the segment whose timestamp is echoed here; undefined where it cannot be. */
  rttMs(options: Options, nowMs: number): number | undefined {
    if (!this.isOn || !options.hasTimestamps || options.timestampEcho === 0) return undefined
    const ticks = (this.value(nowMs) - options.timestampEcho) | 0
    return ticks >= 0 ? ticks + (nowMs - Math.floor(nowMs)) : undefined
  }
}
