/**
 * A rival for the fairness tests: BBR in its first version, as kernels run it. Deaf to loss but for one round trip
 * of packet conservation at each recovery, and down to four packets for 200 ms every ten seconds.
 */
import { PathModel } from '../../../../../../src/plugins/transport-ntm/net/tcp/bbr-model.ts'
import type {
  AckNews,
  CongestionControl,
  CongestionOptions,
} from '../../../../../../src/plugins/transport-ntm/net/tcp/congestion.ts'

const HIGH_GAIN = 2.885
const CYCLE = [1.25, 0.75, 1, 1, 1, 1, 1, 1]

class RivalBbr implements CongestionControl {
  readonly name = 'rival-bbr'
  phase = 'startup'
  cwndBytes: number
  pacingBytesPerMs = Number.POSITIVE_INFINITY
  readonly #mss: number
  readonly #random: () => number
  readonly #model = new PathModel()
  #gain = HIGH_GAIN
  #full = 0
  #fullRounds = 0
  #cycleAt = 0
  #cycleMs = 0
  #measuredMs = 0
  #former = 0
  #isConserving = false
  #isRecovering = false
  #conserveUntilRound = 0

  constructor({ mssBytes, random }: CongestionOptions) {
    this.#mss = mssBytes
    this.#random = random
    this.cwndBytes = 10 * mssBytes
  }

  setMss(): void {}
  restarted(): void {}
  undo(): void {}
  turned(): void {}

  recovering(): void {
    this.#save()
    this.#isRecovering = true
    this.#isConserving = true
    this.#conserveUntilRound = this.#model.rounds + 1
  }

  recovered(): void {
    this.#isRecovering = false
    this.#isConserving = false
    this.#restore()
  }

  timedOut(): void {
    this.#save()
    this.#isRecovering = true
    this.#fullRounds = 0
    this.#full = 0
    this.cwndBytes = this.#mss
  }

  acked(news: AckNews): void {
    const model = this.#model
    const hasBegunRecovery = this.#isConserving && this.#conserveUntilRound === model.rounds + 1
    model.learn(news, this.cwndBytes)
    if (this.phase === 'startup' && model.isRoundStart && !news.isAppLimited) this.#judgeFull()
    if (this.phase === 'drain' && news.inFlightBytes <= this.#inFlight(1)) this.#probe(news.nowMs)
    if (this.phase === 'probe-bw') this.#cycle(news)
    this.#measure(news)
    const rate = this.#gain * model.bytesPerMs * 0.99
    if (rate > 0 && (this.#isFull || rate > this.pacingBytesPerMs || this.pacingBytesPerMs === Infinity)) {
      this.pacingBytesPerMs = Math.max(rate, (HIGH_GAIN * 10 * this.#mss) / 1_000)
    }
    this.#setWindow(news, hasBegunRecovery)
  }

  get #isFull(): boolean {
    return this.#fullRounds >= 3
  }

  #judgeFull(): void {
    if (this.#model.bytesPerMs >= 1.25 * this.#full) {
      this.#full = this.#model.bytesPerMs
      this.#fullRounds = 0
    } else if (++this.#fullRounds >= 3) {
      this.phase = 'drain'
      this.#gain = 1 / HIGH_GAIN
    }
  }

  #inFlight(gain: number): number {
    return gain * this.#model.bdpBytes + 3 * Math.max(2 * this.#mss, this.pacingBytesPerMs)
  }

  #probe(nowMs: number): void {
    this.phase = 'probe-bw'
    const at = Math.floor(this.#random() * 7)
    this.#cycleAt = at === 0 ? 0 : at + 1
    this.#cycleMs = nowMs
    this.#gain = CYCLE[this.#cycleAt]!
  }

  #cycle(news: AckNews): void {
    const isLong = news.nowMs - this.#cycleMs > (this.#model.minRttMs ?? 0)
    const isOver =
      this.#gain === 1
        ? isLong
        : this.#gain < 1
          ? isLong || news.priorInFlightBytes <= this.#inFlight(1)
          : isLong && (news.lostBytes > 0 || news.priorInFlightBytes >= this.#inFlight(this.#gain))
    if (!isOver) return
    this.#cycleAt = (this.#cycleAt + 1) % 8
    this.#cycleMs = news.nowMs
    this.#gain = CYCLE[this.#cycleAt]!
  }

  #measure(news: AckNews): void {
    if (this.#model.isMinRttOld && this.phase !== 'probe-rtt') {
      this.phase = 'probe-rtt'
      this.#gain = 1
      this.#save()
      this.#measuredMs = 0
    }
    if (this.phase !== 'probe-rtt') return
    if (this.#measuredMs === 0 && news.inFlightBytes <= 4 * this.#mss) this.#measuredMs = news.nowMs + 200
    if (this.#measuredMs === 0 || news.nowMs < this.#measuredMs) return
    this.#model.renewMinRtt(news.nowMs)
    this.#restore()
    if (this.#isFull) this.#probe(news.nowMs)
    else {
      this.phase = 'startup'
      this.#gain = HIGH_GAIN
    }
  }

  #setWindow(news: AckNews, hasBegunRecovery: boolean): void {
    if (news.lostBytes > 0) this.cwndBytes = Math.max(this.cwndBytes - news.lostBytes, this.#mss)
    if (this.#isConserving && this.#model.rounds > this.#conserveUntilRound) this.#isConserving = false
    if (hasBegunRecovery) this.cwndBytes = news.inFlightBytes + news.ackedBytes
    if (this.#isConserving) {
      this.cwndBytes = Math.max(this.cwndBytes, news.inFlightBytes + news.ackedBytes)
    } else {
      const target = this.#inFlight(this.#isFull ? 2 : HIGH_GAIN) + this.#model.extraBytes
      if (this.#isFull) this.cwndBytes = Math.min(this.cwndBytes + news.ackedBytes, target)
      else if (this.cwndBytes < target || news.deliveredBytes < 10 * this.#mss)
        this.cwndBytes += news.ackedBytes
    }
    this.cwndBytes = Math.max(this.cwndBytes, 4 * this.#mss)
    if (this.phase === 'probe-rtt') this.cwndBytes = Math.min(this.cwndBytes, 4 * this.#mss)
  }

  #save(): void {
    const isOwn = !this.#isRecovering && this.phase !== 'probe-rtt'
    this.#former = isOwn ? this.cwndBytes : Math.max(this.#former, this.cwndBytes)
  }

  #restore(): void {
    this.cwndBytes = Math.max(this.cwndBytes, this.#former)
  }
}

export const newRivalBbr = (options: CongestionOptions): CongestionControl => new RivalBbr(options)
