/**
 * How far away the relays are, and which cookie each has given to this node. Measured when they become known, when
 * this node moves, often while channels are in use and rarely otherwise: an idle node is nearly silent.
 */
import { type Observable, Subject } from 'rxjs'
import type { TunnelKey } from '../../events/ids.ts'
import type { Clock, Outlet, RelayMeasurement, RelayPlace, UdpEndpoint } from '../../kernel/api/index.ts'
import { isSameEndpoint } from './endpoint.ts'
import {
  COOKIE_WARM_MS,
  MEASURE_BUSY_MS,
  MEASURE_IDLE_EACH_MS,
  MEASURE_IDLE_MS,
  PROBE_PATIENCE_MS,
  REFUSED_FOR_MS,
  SAMPLES,
} from './limits.ts'
import type { ProbeAnswer, Prober } from './prober.ts'

export interface SurveyParts {
  readonly clock: Clock
  readonly outlet: Outlet
  readonly prober: Prober
  /** Whether somebody is using relays now. */
  readonly isBusy: () => boolean
}

/** One endpoint of one relay. */
interface Station {
  readonly relay: TunnelKey
  readonly endpoint: UdpEndpoint
  /** The newest last. */
  samples: readonly number[]
  observed: UdpEndpoint | undefined
  cookie: Uint8Array | undefined
  /** When it was asked last. */
  askedMs: number
  /** Ends the question under way, or the wait for the next. */
  cancel: () => void
  isAsking: boolean
}

export class Survey {
  readonly #parts: SurveyParts
  readonly #measured = new Subject<RelayMeasurement>()
  #stations: readonly Station[] = []
  /** Relays that had no slot for this node, and until when they count as out of reach. */
  readonly #refusedUntilMs = new Map<TunnelKey, number>()

  constructor(parts: SurveyParts) {
    this.#parts = parts
  }

  get measured$(): Observable<RelayMeasurement> {
    return this.#measured.asObservable()
  }

  follow(places: readonly RelayPlace[]): void {
    const old = this.#stations
    const wanted = places.flatMap(({ relay, endpoints }) => endpoints.map(endpoint => ({ relay, endpoint })))
    const isKept =
      ({ relay, endpoint }: Pick<Station, 'relay' | 'endpoint'>) =>
      (each: Station) =>
        each.relay === relay && isSameEndpoint(each.endpoint, endpoint)
    this.#stations = wanted.map(want => old.find(isKept(want)) ?? newStation(want))
    for (const station of old) if (!this.#stations.includes(station)) station.cancel()
    for (const station of this.#stations) if (!old.includes(station)) this.#measure(station)
    for (const relay of this.#refusedUntilMs.keys())
      if (!places.some(place => place.relay === relay)) this.#refusedUntilMs.delete(relay)
  }

  /** It has no slot for this node: it does not count for a while, although it answers. */
  refuse(relay: TunnelKey): void {
    const stations = this.#stations.filter(station => station.relay === relay)
    if (stations.length === 0) return
    this.#refusedUntilMs.set(relay, this.#parts.clock.monotonicMs() + REFUSED_FOR_MS)
    for (const station of stations) this.#measured.next(this.#measurementOf(station))
  }

  /** It has one, after all. */
  welcome(relay: TunnelKey): void {
    this.#refusedUntilMs.delete(relay)
  }

  measurements(): readonly RelayMeasurement[] {
    return this.#stations.map(station => this.#measurementOf(station))
  }

  /** The endpoints of one relay, the nearest first and those that never answered last. */
  endpointsOf(relay: TunnelKey): readonly RelayMeasurement[] {
    const far = Number.POSITIVE_INFINITY
    return this.measurements()
      .filter(each => each.relay === relay)
      .sort((a, b) => (a.rttMs ?? far) - (b.rttMs ?? far) || 0)
  }

  /** A cookie that the relay will most probably still take. */
  cookieOf(endpoint: UdpEndpoint): Uint8Array | undefined {
    const station = this.#stations.find(each => isSameEndpoint(each.endpoint, endpoint))
    const isWarm = station !== undefined && this.#parts.clock.monotonicMs() - station.askedMs < COOKIE_WARM_MS
    return isWarm ? station.cookie : undefined
  }

  /** Somebody began to use relays: what has grown old is measured now, and the rest sooner than planned. */
  hurry(): void {
    for (const station of this.#stations) if (!station.isAsking) this.#later(station)
  }

  /** This node is somewhere else: nothing that was measured counts. */
  moved(): void {
    for (const station of this.#stations) {
      station.samples = []
      station.cookie = undefined
      this.#measure(station)
    }
  }

  /** A relay that is in use does not answer any more: whoever chooses relays should not wait to hear of it. */
  lost(relay: TunnelKey): void {
    for (const station of this.#of(relay)) {
      if (station.samples.length === 0) continue
      station.cancel()
      this.#note(station, undefined)
    }
  }

  /** It answers again. */
  found(relay: TunnelKey): void {
    for (const station of this.#of(relay))
      if (station.samples.length === 0 && !station.isAsking) this.#measure(station)
  }

  #of(relay: TunnelKey): readonly Station[] {
    return this.#stations.filter(station => station.relay === relay)
  }

  /** Somebody suspects that this node is seen elsewhere: what was measured counts until there is an answer. */
  lookAgain(): void {
    for (const station of this.#stations) this.#measure(station)
  }

  close(): void {
    for (const station of this.#stations) station.cancel()
    this.#stations = []
    this.#measured.complete()
  }

  #measure(station: Station): void {
    const { clock, outlet, prober } = this.#parts
    station.cancel()
    station.isAsking = true
    station.askedMs = clock.monotonicMs()
    station.cancel = prober.ask({
      ...{ endpoint: station.endpoint, outlet, timeoutMs: PROBE_PATIENCE_MS },
      onAnswer: answer => this.#note(station, answer),
      onSilence: () => this.#note(station, undefined),
    })
  }

  #note(station: Station, answer: ProbeAnswer | undefined): void {
    station.isAsking = false
    station.samples = answer === undefined ? [] : [...station.samples, answer.rttMs].slice(-SAMPLES)
    station.observed = answer?.observed
    station.cookie = answer?.cookie
    this.#later(station)
    this.#measured.next(this.#measurementOf(station))
  }

  #measurementOf({ relay, endpoint, samples, observed }: Station): RelayMeasurement {
    const isRefusing = (this.#refusedUntilMs.get(relay) ?? 0) > this.#parts.clock.monotonicMs()
    return {
      ...{ relay, endpoint, isRefusing },
      rttMs: samples.length === 0 || isRefusing ? undefined : Math.min(...samples),
      observed: samples.length === 0 ? undefined : observed,
    }
  }

  #later(station: Station): void {
    const { clock, isBusy } = this.#parts
    const intervalMs = isBusy()
      ? MEASURE_BUSY_MS
      : Math.max(MEASURE_IDLE_MS, MEASURE_IDLE_EACH_MS * this.#stations.length)
    const waitMs = station.askedMs + intervalMs - clock.monotonicMs()
    station.cancel()
    station.cancel = clock.after(Math.max(0, waitMs), () => this.#measure(station))
  }
}

const newStation = ({ relay, endpoint }: Pick<Station, 'relay' | 'endpoint'>): Station => ({
  ...{ relay, endpoint, samples: [], observed: undefined, cookie: undefined },
  ...{ askedMs: Number.NEGATIVE_INFINITY, cancel: () => undefined, isAsking: false },
})
