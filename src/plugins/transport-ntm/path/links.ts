/**
 * The paths to devices as the rest of the node sees them: up or down, where, how far away. A path is up from
 * the first completed handshake until a whole attempt to renew it has failed.
 */
import { type Observable, Subject } from 'rxjs'
import type { DeviceId } from '../../../events/ids.ts'
import type { Clock, Link, PathKind } from '../../../kernel/api/index.ts'
import type { Neighbour } from '../neighbour.ts'
import { endpointText } from '../tunnel/endpoint.ts'
import type { PathView } from './entry.ts'
import { LINK_FRESH_MS, LINKS_MAX, MTU_BASE_BYTES } from './limits.ts'

interface Entry {
  readonly neighbour: Neighbour
  up: boolean
  rttMs: number | undefined
  /** How often packets began to go another way after a silence, or came through again. */
  turns: number
}

export class Links {
  readonly #clock: Clock
  readonly #viewOf: (neighbour: Neighbour) => PathView | undefined
  /** In order of the last handshake, oldest first. */
  readonly #byDevice = new Map<DeviceId, Entry>()
  readonly #changes = new Subject<Link>()
  readonly link$: Observable<Link> = this.#changes.asObservable()

  /** `viewOf`: which path a neighbour's packets go by. */
  constructor(clock: Clock, viewOf: (neighbour: Neighbour) => PathView | undefined) {
    this.#clock = clock
    this.#viewOf = viewOf
  }

  /** The device's neighbour while there is a path to it. */
  open(device: DeviceId): Neighbour | undefined {
    const entry = this.#byDevice.get(device)
    return entry?.up === true ? entry.neighbour : undefined
  }

  /** Whether the path is up and was heard from lately enough to be trusted without looking. */
  isFresh(device: DeviceId): boolean {
    const heardMs = this.open(device)?.heardMs
    return heardMs !== undefined && this.#clock.monotonicMs() - heardMs < LINK_FRESH_MS
  }

  /** Said again for a path that is up already: the other side may have started anew. */
  established(device: DeviceId, neighbour: Neighbour): void {
    const { rttMs, turns = 0 } = this.#byDevice.get(device) ?? {}
    this.#byDevice.delete(device)
    this.#byDevice.set(device, { neighbour, up: true, rttMs, turns })
    this.#forgetOldest()
    this.#tell(device)
  }

  failed(device: DeviceId): void {
    const entry = this.#byDevice.get(device)
    if (entry === undefined || !entry.up) return
    entry.up = false
    this.#tell(device)
  }

  /** The device will not be spoken to again: not a path that is down, but none. */
  forget(device: DeviceId): void {
    this.failed(device)
    this.#byDevice.delete(device)
  }

  /**
   * Its packets go by another path now, or the one that they go by was measured anew; `hasTurned`: what was under way
   * may be lost.
   */
  changed(device: DeviceId, hasTurned = false): void {
    const entry = this.#byDevice.get(device)
    if (entry?.up !== true) return
    if (hasTurned) entry.turns += 1
    this.#tell(device)
  }

  measured(device: DeviceId, rttMs: number): void {
    const entry = this.#byDevice.get(device)
    if (entry !== undefined) entry.rttMs = rttMs
  }

  all(): readonly Link[] {
    return [...this.#byDevice.keys()].map(device => this.#linkOf(device))
  }

  #forgetOldest(): void {
    if (this.#byDevice.size <= LINKS_MAX) return
    const [oldest] = this.#byDevice.keys()
    const down = [...this.#byDevice].find(([, { up }]) => !up)
    this.forget(down?.[0] ?? oldest!)
  }

  #tell(device: DeviceId): void {
    this.#changes.next(this.#linkOf(device))
  }

  #linkOf(device: DeviceId): Link {
    const entry = this.#byDevice.get(device)
    const view = entry === undefined ? undefined : this.#viewOf(entry.neighbour)
    const endpoint = view?.endpoint ?? entry?.neighbour.peer.endpoint
    const heardMs = entry?.neighbour.heardMs
    const agoMs = heardMs === undefined ? undefined : this.#clock.monotonicMs() - heardMs
    return {
      device,
      up: entry?.up ?? false,
      path: entry?.up === true ? kindOf(view) : undefined,
      address: endpoint === undefined ? undefined : endpointText(endpoint),
      rttMs: view?.rttMs ?? entry?.rttMs,
      mtu: view?.mtuBytes ?? MTU_BASE_BYTES,
      lastSeenMs: agoMs === undefined ? undefined : Math.round(this.#clock.now() - agoMs),
      turns: entry?.turns,
      why: view?.why,
    }
  }
}

/** Who is no peer of ours in this sense, such as a coordinator, has but one way. */
const kindOf = (view: PathView | undefined): PathKind | undefined => {
  if (view === undefined || view.isDirect) return 'direct'
  return view.endpoint === undefined ? undefined : 'relay'
}
