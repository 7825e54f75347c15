/**
 * A Relay Server's side of everything that is not relaying: its sockets, its one tunnel, where it is reached, and
 * the door through which the relay gets its frames. Wired without I/O; sockets open at `start`.
 */
import type {
  Clock,
  Coordination,
  Journal,
  Keys,
  Keyspace,
  Network,
  Random,
  UdpEndpoint,
} from '../../../kernel/api/index.ts'
import { Carrier } from '../carrier.ts'
import { CoordinatorPins } from '../coordinator-pins.ts'
import { HandshakeTimestamps } from '../handshake-timestamps.ts'
import { type Advertised, OwnPlaces } from '../own-places.ts'
import { serverAcquaintance } from '../path/acquaintance.ts'
import { RelayDoor } from '../relay-door.ts'
import { formatPlace, type Join } from '../signalling/join.ts'
import { StreamDoors, type StreamSettings } from '../stream-doors.ts'
import { endpointText } from '../tunnel/endpoint.ts'
import { CoordinatorLine } from './coordinator-line.ts'

export interface OutpostGiven {
  readonly clock: Clock
  readonly random: Random
  readonly network: Network
  readonly keys: Keys
  readonly keyspace: Keyspace
  readonly journal: Journal
}

export interface OutpostSettings {
  /** Port 0 of a later one stands for the port of the first. */
  readonly listen: readonly UdpEndpoint[]
  readonly advertise: readonly Advertised[]
  readonly join: Join
  readonly token: string | undefined
  readonly streams: StreamSettings
}

const NOWHERE = 'no address is known that others reach this relay by; `--advertise HOST:PORT` names one'

export class Outpost {
  readonly door: RelayDoor
  readonly coordination: Coordination
  readonly #given: OutpostGiven
  readonly #settings: OutpostSettings
  readonly #timestamps: HandshakeTimestamps
  readonly #carrier: Carrier
  readonly #doors: StreamDoors
  readonly #line: CoordinatorLine
  readonly #places: OwnPlaces

  constructor(given: OutpostGiven, settings: OutpostSettings) {
    const { clock, random, network, keys, keyspace, journal } = given
    const { advertise, join, token, streams } = settings
    this.#given = given
    this.#settings = settings
    this.#timestamps = new HandshakeTimestamps(keyspace)
    const carrier = new Carrier({
      ...{ network, clock, random, keys, timestamps: this.#timestamps, role: 'server' },
      // Nobody else has anything to say to a relay by a tunnel.
      admit: key => (key === join.key ? {} : undefined),
      onEstablished: () => {},
      onFailed: () => {},
      onNewSource: (neighbour, from) => acquaintance.prove(neighbour, from),
      onFrame: (bytes, from) => this.door.take(bytes, from),
    })
    const acquaintance = serverAcquaintance({ clock, random, carrier })
    const pins = new CoordinatorPins(keyspace)
    const line = new CoordinatorLine({ clock, random, network, journal, carrier, pins, join, token })
    this.#carrier = carrier
    this.#doors = new StreamDoors({ network, journal, carrier, settings: streams })
    this.#line = line
    this.#places = new OwnPlaces({
      ...{ clock, network, advertise },
      locals: () => carrier.locals,
      onChanged: () => this.#offer(),
    })
    this.door = new RelayDoor({
      send: (bytes, to) => carrier.transmit(bytes, to),
      issuer: () => line.identity,
      onWorking: () => this.#offer(),
    })
    this.coordination = { state: () => line.state, refusal: () => line.refusal }
  }

  /** What its operator sees: what was said first, else where it listens. */
  get address(): string {
    const { advertise, listen } = this.#settings
    const { address: host, port } = this.#carrier.locals[0] ?? listen[0]!
    return formatPlace(advertise[0] ?? { host, port })
  }

  get endpoints(): readonly string[] {
    return this.#places.endpoints.map(endpointText)
  }

  /** Rejects with PORT_IN_USE. Waits neither for the coordinator nor for a name server. */
  async start(): Promise<void> {
    await this.#timestamps.load()
    for (const { address, port } of this.#settings.listen)
      await this.#carrier.listen({ address, port: port || (this.#carrier.locals[0]?.port ?? 0) })
    await this.#doors.open()
    await this.#line.start()
    const { journal } = this.#given
    void this.#places.start().then(() => this.endpoints.length > 0 || journal.note(NOWHERE))
  }

  async stop(): Promise<void> {
    this.#places.stop()
    this.#line.stop()
    await this.#doors.close()
    await this.#carrier.close()
  }

  /** A relay that does not work is not offered. */
  #offer(): void {
    this.#line.offer(this.door.isWorking ? this.#places.endpoints : [])
  }
}
