/**
 * One server after the other under the same load: how much it passes on with less than one datagram in a hundred lost,
 * what that costs it, and how much later datagrams arrive at half of it than without a server.
 */
import { cpuUs } from './process-cost.ts'
import type { LoadPair, LoadResult, RelayLoad } from './relay-load.ts'
import type { Settings } from './settings.ts'

const SECONDS = 2
const TRIAL_SECONDS = 0.5
/** Whoever has small buffers does best with few under way. */
const WINDOWS = [64, 256, 1_024, 3_072]
export const LOST_MAX = 0.01

export interface Kind {
  readonly name: string
  readonly pairs: number
  readonly burst: number
  readonly gso: boolean
}

export interface Subject {
  readonly name: string
  readonly pid: number
  readonly pairs: readonly LoadPair[]
  /** Half of the rate that it shall reach: the load at which its delay is judged. */
  readonly askedRate: number
}

export interface Round {
  readonly rate: number
  readonly lostShare: number
  readonly us: number
  readonly atHalf: Delay
  readonly atAsked: Delay
}

/** At so many a second; what is added is more than the same load has without a server. */
export interface Delay {
  readonly p50Ms: number
  readonly p99AddedMs: number
}

export class Contest {
  readonly #load: RelayLoad
  readonly #bare: readonly LoadPair[]
  readonly #seconds: (seconds: number) => number

  constructor(load: RelayLoad, bare: readonly LoadPair[], settings: Settings) {
    this.#load = load
    this.#bare = bare
    this.#seconds = seconds => Math.max(0.2, seconds * settings.scale)
  }

  /** Datagrams under way with which this one passes on most. */
  async windowOf(subject: Subject, kind: Kind): Promise<number> {
    this.#load.use(subject.pairs)
    const trials: { readonly window: number; readonly rate: number }[] = []
    for (const window of WINDOWS) {
      await this.#run(kind, window, 0, TRIAL_SECONDS)
      const { rate, lostShare } = await this.#run(kind, window, 0, TRIAL_SECONDS)
      trials.push({ window, rate: lostShare <= LOST_MAX ? rate : 0 })
    }
    return trials.reduce((best, trial) => (trial.rate > best.rate ? trial : best)).window
  }

  async round(subject: Subject, kind: Kind, window: number): Promise<Round> {
    this.#load.use(subject.pairs)
    const before = cpuUs(subject.pid)
    const flat = await this.#run(kind, window, 0, SECONDS)
    const us = (cpuUs(subject.pid) - before) / flat.got
    const { rate, lostShare } = flat
    const atHalf = await this.#delay(subject, kind, rate / 2)
    const atAsked = await this.#delay(subject, kind, subject.askedRate)
    return { rate, lostShare, us, atHalf, atAsked }
  }

  async #delay({ pairs }: Subject, kind: Kind, rate: number): Promise<Delay> {
    this.#load.use(pairs)
    const { p50Us, p99Us } = await this.#run(kind, Number.MAX_SAFE_INTEGER, rate, SECONDS)
    this.#load.use(this.#bare)
    const bare = await this.#run(kind, Number.MAX_SAFE_INTEGER, rate, SECONDS)
    return { p50Ms: p50Us / 1000, p99AddedMs: (p99Us - bare.p99Us) / 1000 }
  }

  #run(kind: Kind, window: number, rate: number, seconds: number): Promise<LoadResult> {
    return this.#load.run({ ...kind, window, rate, seconds: this.#seconds(seconds) })
  }
}
