/**
 * Asks every relay that is known whether it is there now: what was measured of an idle node's relays is minutes old.
 */
import type { Clock, Outlet, RelayClient, RelayMeasurement, UdpEndpoint } from '../../../kernel/api/index.ts'

export interface RelayCallsParts {
  readonly clock: Clock
  readonly outlet: Outlet
  readonly relays: RelayClient | undefined
  /** When answers are not waited for any more, monotonic ms. */
  readonly untilMs: number
}

/** Twice as long as the farthest relay of any use takes, with a copy lost. */
const PATIENCE_MS = 1_500
const RELAYS_MAX = 64

export class RelayCalls {
  readonly #parts: RelayCallsParts
  /** By endpoint; undefined: not heard of yet, null: silent. */
  readonly #answers = new Map<string, RelayMeasurement | undefined | null>()

  constructor(parts: RelayCallsParts) {
    this.#parts = parts
  }

  /** How many have been asked. */
  get count(): number {
    return this.#answers.size
  }

  /** Of each relay one endpoint has answered, or none of them will: not everybody has both families. */
  get isSettled(): boolean {
    const known = this.#known()
    const isHere = ({ endpoint }: RelayMeasurement): boolean => !!this.#answers.get(keyOf(endpoint))
    const answering = new Set(known.filter(isHere).map(({ relay }) => relay))
    return known.every(
      ({ relay, endpoint }) => answering.has(relay) || this.#answers.get(keyOf(endpoint)) === null,
    )
  }

  /** Asks those that have become known. */
  ask(): void {
    for (const known of this.#known()) {
      const key = keyOf(known.endpoint)
      if (this.#answers.has(key)) continue
      this.#answers.set(key, undefined)
      this.#call(known).then(
        answer => this.#answers.set(key, answer),
        () => this.#answers.set(key, null),
      )
    }
  }

  /** All of them, those that did not answer without a round trip. */
  measurements(): readonly RelayMeasurement[] {
    return this.#known().map(
      known =>
        this.#answers.get(keyOf(known.endpoint)) ?? { ...known, rttMs: undefined, observed: undefined },
    )
  }

  #known(): readonly RelayMeasurement[] {
    return this.#parts.relays?.measurements().slice(0, RELAYS_MAX) ?? []
  }

  /** The survey's round trip is better than one of ours, which may be that of a second copy. */
  async #call({ relay, endpoint, rttMs, isRefusing }: RelayMeasurement): Promise<RelayMeasurement | null> {
    const { clock, outlet, relays, untilMs } = this.#parts
    const startedMs = clock.monotonicMs()
    const patienceMs = Math.max(0, Math.min(PATIENCE_MS, untilMs - startedMs))
    const observed = await relays?.observe(endpoint, outlet, patienceMs)
    if (observed === undefined) return null
    return { relay, endpoint, rttMs: rttMs ?? clock.monotonicMs() - startedMs, observed, isRefusing }
  }
}

const keyOf = ({ address, port }: UdpEndpoint): string => `${address}|${port}`
