/**
 * TCP connections of a simulated network, as far as datagrams go through them: a toy. They keep the order and lose
 * nothing, gateways pass them whatever they do to datagrams, and a server that is reached this way is behind none.
 * Where the network is cut, or an end has moved, a connection stalls, and after a while both ends learn that it is over.
 */
import {
  ChatError,
  type Clock,
  type DatagramStream,
  type StreamDoor,
  type StreamEvents,
  type UdpEndpoint,
} from '../api/index.ts'
import type { Place, SimHost } from './sim-host.ts'
import type { Gateway, Packet } from './sim-segment.ts'

type Receive = (bytes: Uint8Array, from: UdpEndpoint) => void

/** What a connection needs of its network. */
export interface StreamNetwork {
  readonly clock: Clock
  /** Whether packets pass now, and nobody has cut the way. */
  passes(passed: readonly [SimHost, ...Gateway[]], to: SimHost): boolean
  carried(packet: Packet): void
}

interface Door {
  readonly host: SimHost
  readonly local: UdpEndpoint
  readonly receive: Receive
}

interface Route {
  readonly from: UdpEndpoint
  readonly to: UdpEndpoint
  readonly door: Door
  readonly client: SimHost
  readonly address: string
  readonly passed: readonly [SimHost, ...Gateway[]]
  readonly latencyMs: number
}

const NOBODY_ANSWERS_MS = 3_000
/** How long a connection that does not get through is believed in. */
const STALLED_MS = 10_000
const PORT_FIRST = 20_000
const ANY = ['0.0.0.0', '::']

class Connection {
  readonly route: Route
  readonly #network: StreamNetwork
  readonly #events: StreamEvents
  #state: 'open' | 'stalled' | 'closed' = 'open'

  constructor(route: Route, network: StreamNetwork, events: StreamEvents) {
    this.route = route
    this.#network = network
    this.#events = events
  }

  readonly client: DatagramStream = {
    send: bytes => this.#carry(bytes, 'up'),
    close: () => this.#end(),
  }

  readonly server: DatagramStream = {
    send: bytes => this.#carry(bytes, 'down'),
    close: () => this.#end(() => this.#events.onClosed()),
  }

  /** One end has lost its memory. */
  forget(host: SimHost): void {
    this.#end(host === this.route.client ? undefined : () => this.#events.onClosed())
  }

  #carry(bytes: Uint8Array, way: 'up' | 'down'): void {
    if (this.#state !== 'open') return
    const owned = new Uint8Array(bytes)
    this.#network.clock.after(this.route.latencyMs, () => this.#arrive(owned, way))
  }

  #arrive(bytes: Uint8Array, way: 'up' | 'down'): void {
    const { from, to, door, client, address, passed } = this.route
    if (this.#state !== 'open') return
    const isThere = client.localAddresses().includes(address) && client.isUp && door.host.isUp
    if (!isThere || !this.#network.passes(passed, door.host)) {
      this.#state = 'stalled'
      this.#network.clock.after(STALLED_MS, () => this.#end(() => this.#events.onClosed()))
      return
    }
    this.#network.carried(way === 'up' ? { from, to, bytes } : { from: to, to: from, bytes })
    if (way === 'up') door.receive(bytes, { ...from, via: this.server })
    else this.#events.onDatagram(bytes)
  }

  #end(tell: () => void = () => undefined): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    this.#network.clock.after(this.route.latencyMs, tell)
  }
}

export class SimStreams {
  readonly #network: StreamNetwork
  readonly #doors = new Set<Door>()
  readonly #connections = new Set<Connection>()
  #port = PORT_FIRST

  constructor(network: StreamNetwork) {
    this.#network = network
  }

  async listen(host: SimHost, local: UdpEndpoint, receive: Receive): Promise<StreamDoor> {
    const { address, port } = local
    if ([...this.#doors].some(door => door.host === host && door.local.port === port))
      throw new ChatError('PORT_IN_USE', `TCP port ${address}:${port} is in use`)
    const door = { host, local, receive }
    this.#doors.add(door)
    return { local, close: async () => void this.#doors.delete(door) }
  }

  dial(
    host: SimHost,
    place: Place | undefined,
    to: UdpEndpoint,
    events: StreamEvents,
    signal?: AbortSignal,
  ): Promise<DatagramStream> {
    const { clock } = this.#network
    const refused = new Error(`nobody answers at ${to.address}:${to.port} by TCP`)
    return new Promise((resolve, reject) => {
      const route = place === undefined || !host.isUp ? undefined : this.#routeOf(host, place, to)
      const answerMs = route === undefined ? NOBODY_ANSWERS_MS : 2 * route.latencyMs
      signal?.throwIfAborted()
      signal?.addEventListener('abort', () => reject(refused))
      clock.after(answerMs, () => {
        if (signal?.aborted === true) return
        if (route === undefined || !this.#network.passes(route.passed, route.door.host)) reject(refused)
        else {
          const connection = new Connection(route, this.#network, events)
          this.#connections.add(connection)
          resolve(connection.client)
        }
      })
    })
  }

  /** A host has lost its power. */
  silence(host: SimHost): void {
    for (const door of this.#doors) if (door.host === host) this.#doors.delete(door)
    for (const connection of this.#connections) {
      const { client, door } = connection.route
      if (client !== host && door.host !== host) continue
      connection.forget(host)
      this.#connections.delete(connection)
    }
  }

  /** Out through gateways, up to where the target is. */
  #routeOf(host: SimHost, place: Place, to: UdpEndpoint): Route | undefined {
    let segment = place.on
    let address = place.address
    let latencyMs = place.latencyMs ?? 0
    const passed: [SimHost, ...Gateway[]] = [host]
    while (!segment.has(to.address) && segment.router !== undefined) {
      const { gateway, outside, wire } = segment.router
      passed.push(gateway)
      address = gateway.address ?? address
      latencyMs += wire.latencyMs ?? 0
      segment = outside
    }
    const door = [...this.#doors].find(
      each =>
        each.local.port === to.port && segment.hostsAt(to.address).includes(each.host) && hears(each, to),
    )
    if (door === undefined) return undefined
    latencyMs += segment.wireTo(to.address)?.latencyMs ?? 0
    const from = { address, port: this.#port++ }
    return { from, to, door, client: host, address: place.address, passed, latencyMs }
  }
}

const hears = ({ local }: Door, to: UdpEndpoint): boolean =>
  ANY.includes(local.address)
    ? local.address.includes(':') === to.address.includes(':')
    : local.address === to.address
