/** A congestion control that does as it is told and remembers what it was told: for tables of single steps. */
import type {
  AckNews,
  CongestionControl,
} from '../../../../../../src/plugins/transport-ntm/net/tcp/congestion.ts'

export class FixedControl implements CongestionControl {
  readonly name = 'fixed'
  readonly phase = 'fixed'
  cwndBytes: number
  pacingBytesPerMs = Number.POSITIVE_INFINITY
  readonly heard: string[] = []
  readonly news: AckNews[] = []

  constructor(cwndBytes = 100_000) {
    this.cwndBytes = cwndBytes
  }

  setMss(): void {}
  restarted(): void {}

  acked(news: AckNews): void {
    this.news.push({ ...news })
  }

  recovering(): void {
    this.heard.push('recovering')
  }

  recovered(): void {
    this.heard.push('recovered')
  }

  timedOut(): void {
    this.heard.push('timed out')
  }

  undo(): void {
    this.heard.push('undo')
  }

  turned(): void {
    this.heard.push('turned')
  }
}
