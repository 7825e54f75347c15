/**
 * Somebody in a world who is only the lower half of a node: a tunnel to a coordinator, the signalling in it, and a
 * relay client that measures what the coordinator names. For what happens between these and nothing above them.
 */
import { type DeviceId, idFromBytes } from '../../src/events/ids.ts'
import type { RelayPlace } from '../../src/kernel/api/relays.ts'
import { deviceKeys } from '../../src/kernel/keys.ts'
import type { SimHost } from '../../src/kernel/testing/sim-host.ts'
import type { World } from '../../src/kernel/testing/world.ts'
import { NtmRelayClient } from '../../src/plugins/relay/client.ts'
import { Carrier } from '../../src/plugins/transport-ntm/carrier.ts'
import { HandshakeTimestamps } from '../../src/plugins/transport-ntm/handshake-timestamps.ts'
import { PORTS } from '../../src/plugins/transport-ntm/net/ports.ts'
import { candidateSealer } from '../../src/plugins/transport-ntm/signalling/candidates.ts'
import { CoordinatorLink } from '../../src/plugins/transport-ntm/signalling/coordinator-link.ts'
import { requireJoin } from '../../src/plugins/transport-ntm/signalling/join.ts'
import type { Directed } from '../../src/plugins/transport-ntm/signalling/outputs.ts'
import { encodeNameRecord, signNameRecord } from '../../src/wire/name-record.ts'
import { foundPerson } from '../../src/wire/person-proof.ts'
import { readRelayGrant, readRelayTicket } from '../../src/wire/relay-ticket.ts'
import { encodeSealed } from '../../src/wire/sealed-codec.ts'
import { MemoryKeyspace } from '../plugins/transport-ntm/memory-keyspace.ts'

const YEAR_MS = 365 * 24 * 60 * 60_000

export class BarePerson {
  readonly name: string
  readonly host: SimHost
  readonly relays: NtmRelayClient
  readonly directions: Directed[] = []
  readonly lists: (readonly RelayPlace[])[] = []
  readonly link: CoordinatorLink
  readonly #world: World
  readonly #device: ReturnType<typeof deviceKeys>
  readonly #carrier: Carrier

  constructor(world: World, name: string, address: string, join: string) {
    const { clock, random } = world
    this.#world = world
    this.name = name
    this.host = world.network.host(address)
    this.#device = deviceKeys(random.bytes(32))
    const { keys } = this.#device
    const carrier: Carrier = new Carrier({
      ...{ network: this.host, clock, random, keys, role: 'node', admit: () => undefined },
      timestamps: new HandshakeTimestamps(new MemoryKeyspace(clock)),
      onEstablished: () => undefined,
      onFailed: () => undefined,
      onFrame: (bytes, from) => this.#take(bytes, from),
    })
    this.#carrier = carrier
    const outlet = { send: carrier.transmit.bind(carrier) }
    this.relays = new NtmRelayClient({ clock, random, keys, outlet })
    this.link = new CoordinatorLink({
      ...{ clock, random, network: this.host, carrier, join: requireJoin(join) },
      port: carrier.bind(PORTS.signalling, bytes => this.link.receive(bytes)),
      pins: { identityOf: async () => undefined, pinIdentity: async () => undefined },
      environment: {
        ...{ sealer: candidateSealer(keys, random), candidates: () => [], relayOnly: false },
        ...{ decide: () => 'accept', wallMs: () => clock.now() },
      },
      onDirected: directed => this.directions.push(directed),
      onRelays: places => {
        this.lists.push(places)
        this.relays.follow(places)
      },
      ...{ onRegistered: () => undefined, onState: () => undefined, onRefused: () => undefined },
      ...{ onObserved: () => undefined, onDropped: () => undefined },
    })
    this.relays.measured$.subscribe(() => this.link.measured(this.relays.measurements()))
  }

  get tunnelKey() {
    return this.#device.keys.tunnelKey
  }

  async start(): Promise<void> {
    await this.#carrier.listen({ address: this.host.address, port: 4_000 })
    this.link.start({ record: this.#record(), token: undefined, isGuest: false })
  }

  /** Asks for the way to somebody; the relay at which both are then given a ticket, with the grants. */
  async meet(peer: BarePerson) {
    await this.#world.until(this.link.direct(peer.name, peer.tunnelKey))
    const grants = [this, peer].map(({ directions }) => directions.at(-1)!.relay!) as [Uint8Array, Uint8Array]
    const relays = grants.map(bytes => {
      const grant = readRelayGrant(bytes ?? new Uint8Array())
      const ticket = grant.ok ? readRelayTicket(grant.value.ticket) : grant
      return ticket.ok ? ticket.value.relay : undefined
    })
    if (relays[0] !== relays[1]) throw new Error('the two were sent to different relays')
    return { relay: relays[0], grants }
  }

  stop(): void {
    this.link.stop()
    this.relays.close()
  }

  #take(...[bytes, from]: Parameters<NtmRelayClient['receive']>): boolean {
    if (!this.relays.claims(bytes)) return false
    this.relays.receive(bytes, from)
    return true
  }

  #record(): Uint8Array {
    const { keys, signer } = this.#device
    const now = this.#world.clock.now()
    const recovery = idFromBytes<DeviceId>(this.#world.random.bytes(32))
    const environment = { now: () => now, random: (count: number) => this.#world.random.bytes(count) }
    const { person, founding } = foundPerson({ signer, tunnelKey: keys.tunnelKey, recovery }, environment)
    const body = encodeNameRecord({
      ...{ name: this.name, person, serial: 1, mailboxes: [], proof: [encodeSealed(founding)] },
      devices: [{ device: keys.device, tunnelKey: keys.tunnelKey }],
      ...{ issued: now, expires: now + YEAR_MS },
    })
    return signNameRecord(body, keys.device, (label, message) => keys.sign(label, message))
  }
}
