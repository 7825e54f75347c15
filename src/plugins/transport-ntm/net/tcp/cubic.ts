/** Interface first: a fixed window until the body follows. */
import type { AckNews, CongestionControl, CongestionOptions } from './congestion.ts'

class Cubic implements CongestionControl {
  readonly name = 'cubic'
  readonly phase = 'fixed'
  cwndBytes: number
  readonly pacingBytesPerMs = Number.POSITIVE_INFINITY
  constructor(options: CongestionOptions) {
    this.cwndBytes = 64 * options.mssBytes
  }
  setMss(_mssBytes: number): void {}
  restarted(_nowMs: number, _isAppLimited: boolean): void {}
  acked(_news: AckNews): void {}
  recovering(_nowMs: number, _inFlightBytes: number): void {}
  recovered(_nowMs: number): void {}
  timedOut(_nowMs: number): void {}
  undo(): void {}
  turned(_nowMs: number): void {}
}

export const newCubic = (options: CongestionOptions): CongestionControl => new Cubic(options)
