/**
 * One node's transport, put together: carrier, links, acquaintance, coordinators. Everything is wired without
 * I/O when it is made; sockets open at `start` and close at `stop`.
 */
import type { DeviceId, PersonId, TunnelKey } from '../../events/ids.ts'
import {
  type Clock,
  type Contact,
  type DirectorySource,
  type Identity,
  type Journal,
  type Keys,
  type Keyspace,
  type Link,
  type Network,
  type PeerCard,
  type People,
  type Random,
  type Relays,
  standingOf,
  type UdpEndpoint,
} from '../../kernel/api/index.ts'
import { Carrier } from './carrier.ts'
import { examine, type Report } from './doctor/examination.ts'
import { Domains } from './domains.ts'
import { HandshakeTimestamps } from './handshake-timestamps.ts'
import { type Listening, listen } from './listening.ts'
import { NamesInDoubt } from './names-in-doubt.ts'
import type { Neighbour } from './neighbour.ts'
import type { VirtualAddress } from './net/address.ts'
import { OwnRecord } from './own-record.ts'
import { AddressBook } from './path/address-book.ts'
import { Chronicle } from './path/chronicle.ts'
import { ASKED_AT_START_MAX, CALLED_AT_START_MAX } from './path/limits.ts'
import { Links } from './path/links.ts'
import type { WayIn } from './path/router-mapping.ts'
import { RecordsUsed } from './records-used.ts'
import type { Join } from './signalling/join.ts'
import type { Directed } from './signalling/outputs.ts'
import { NtmTransport } from './transport.ts'
import { Tun } from './tun/tun.ts'
import { isByRelay } from './tunnel/endpoint.ts'
import type { PeerOptions } from './tunnel/peer.ts'
import { Ways } from './ways.ts'

export interface NodeGiven {
  readonly clock: Clock
  readonly random: Random
  readonly network: Network
  readonly keys: Keys
  readonly identity: Identity
  readonly people: People
  readonly keyspace: Keyspace
  readonly journal: Journal
  readonly relays?: Relays | undefined
}

export interface NodeSettings {
  readonly dc: Join | undefined
  readonly token?: string | undefined
  readonly listen: Listening
  /** Whether hard NATs may be met with many packets. Default: yes. */
  readonly punch?: boolean | undefined
  /** Peers may not learn where this node is. */
  readonly relayOnly: boolean
  /** Whether the router may be asked for a way in. Default: yes. */
  readonly portMapping?: boolean | undefined
  /** Whether this node shows itself on its own link, and looks for people there. Default: yes. */
  readonly lan?: boolean | undefined
  /** Whether servers may be spoken to through TCP where UDP is blocked. Default: yes. */
  readonly streams?: boolean | undefined
  /** Whether programs of this machine get at the virtual addresses, by a TUN device. Default: no. */
  readonly tun?: boolean | undefined
}

export class NtmNode {
  readonly transport: NtmTransport
  readonly domains: Domains
  readonly directory: DirectorySource
  readonly carrier: Carrier
  readonly tun: Tun
  readonly #given: NodeGiven
  readonly #settings: NodeSettings
  readonly #timestamps: HandshakeTimestamps
  readonly #addresses: AddressBook
  readonly #links: Links
  readonly #ways: Ways
  readonly #chronicle: Chronicle
  readonly #recordsUsed = new RecordsUsed()
  readonly #record: OwnRecord
  readonly #stopping = new AbortController()

  constructor(given: NodeGiven, settings: NodeSettings) {
    const { clock, random, network, keys, identity, people, keyspace, journal } = given
    this.#given = given
    this.#settings = settings
    this.#timestamps = new HandshakeTimestamps(keyspace)
    this.#record = new OwnRecord(given, record => this.domains.register(record))
    this.#addresses = new AddressBook(keyspace, clock)
    this.#chronicle = new Chronicle(clock, (device, what) => journal.note(what, device))
    this.#ways = new Ways(this.#waysParts())
    this.carrier = new Carrier({
      ...{ network, clock, random, keys, role: 'node', isHidden: settings.relayOnly },
      timestamps: this.#timestamps,
      admit: key => this.#admit(key),
      mayCall: to => this.#ways.finder.mayProbe(to),
      onEstablished: (neighbour, from) => this.#established(neighbour, from),
      onFailed: neighbour => this.#lost(neighbour),
      onNewSource: (neighbour, from, bytes) => this.#ways.newSource(neighbour, from, bytes),
      onTraffic: (neighbour, quietMs) => this.#ways.finder.trafficBegan(neighbour, quietMs),
      onForgotten: neighbour => this.#forgotten(neighbour),
      onMtuSuspected: neighbour => this.#ways.finder.suspectMtu(neighbour),
      onFrame: (bytes, from) => this.#ways.takeFrame(bytes, from),
      onPacket: (packet, from) => this.tun.take(packet, from),
      detourTo: to => this.#ways.detours?.to(to),
    })
    this.#links = new Links(clock, neighbour => this.#ways.finder.viewOf(neighbour))
    this.domains = new Domains({
      ...{ ...given, settings, carrier: this.carrier, ways: this.#ways, record: this.#record },
      onDirected: directed => this.#directed(directed),
      onIpv4: address => this.#holdIpv4(address),
      onRecord: record => this.#recordsUsed.note(record),
    })
    this.transport = new NtmTransport({
      ...{ clock, identity, people, carrier: this.carrier, paths: this.#ways.finder },
      ...{ links: this.#links, coordinators: this.domains.coordinators },
      known: card => ({ nearby: this.#ways.nearby(card), remembered: this.#reachedAt(card.device) }),
      forget: device => this.#addresses.forget(device),
      namesInDoubt: new NamesInDoubt({ clock, people, lookUp: name => this.domains.lookUp(name) }),
    })
    this.tun = new Tun({
      ...{ clock, random, network, identity, people, keyspace, journal },
      ...{ carrier: this.carrier, links: this.#links },
      reach: card => this.transport.reach(card),
      lookUp: name => this.domains.lookUpAtHome(name),
    })
    this.directory = { id: 'ntm.dc', lookup: name => this.domains.lookUp(name) }
  }

  #waysParts(): ConstructorParameters<typeof Ways>[0] {
    const { clock, random, network, keys, relays } = this.#given
    const settings = this.#settings
    return {
      ...{ clock, random, network, keys, relays, carrier: () => this.carrier },
      ...{ mayPunch: settings.punch ?? true, relayOnly: settings.relayOnly },
      ...{ portMapping: settings.portMapping ?? true, lan: settings.lan ?? true },
      contacts: () => this.#soughtDevices(),
      onNearby: (card, place) => this.transport.open(card, { nearby: [place] }),
      onMeasured: measured => this.domains.coordinators.measured(measured),
      recordUsedFor: neighbour => this.#recordsUsed.hashFor(neighbour.key),
      onRecord: (neighbour, hash) => this.#compareRecord(neighbour, hash),
      onRoundTrip: (neighbour, rttMs) => this.#measured(neighbour, rttMs),
      onPath: (neighbour, hasTurned) => this.#rerouted(neighbour, hasTurned),
      seek: neighbour => this.#seek(neighbour),
      onMoved: () => this.domains.coordinators.moved(),
      onLookAgain: () => this.domains.coordinators.lookAgain(),
      story: (neighbour, what) => this.#tell(neighbour, what),
      mayDetour: settings.streams ?? true,
      serverAt: endpoint => this.domains.coordinators.at(endpoint),
      onRerouted: endpoint => this.domains.coordinators.rerouted(endpoint),
      onBlocked: (isBlocked, endpoint) => this.domains.blocked(isBlocked, endpoint),
      onDoubt: () => this.domains.coordinators.doubted(),
    }
  }

  /** Rejects with PORT_IN_USE and TUN_UNAVAILABLE. Does not wait for the coordinator. */
  async start(): Promise<void> {
    await Promise.all([
      ...[this.#timestamps.load(), this.#addresses.load(), this.#record.start(), this.tun.load()],
    ])
    if (this.#settings.tun === true) await this.tun.start()
    await listen(this.carrier, this.#given.keyspace, this.#settings.listen)
    this.tun.keepOut(this.carrier.locals)
    this.#ways.start()
    this.#shutOutTheBlocked()
    this.domains.register(this.#record.signed)
    this.#callNeighbours()
    this.#askForNeighbours()
  }

  /** When it resolves no timer is armed and nothing is open. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    this.#record.stop()
    this.domains.stop()
    this.transport.close()
    const leaving = this.#ways.stop()
    this.#chronicle.close()
    await this.tun.stop()
    await this.carrier.close()
    await leaving
  }

  /** What the router said to being asked for a way in. */
  get portMapping(): WayIn {
    return this.#ways.portMapping
  }

  /** What this node knows of its network, for a person to whom nobody gets through. */
  examine(timeoutMs: number): Promise<Report> {
    const { dc, relayOnly, punch = true } = this.#settings
    const { carrier } = this
    const { membership } = this.domains
    const links = (): readonly Link[] => this.#links.all()
    const echoId = Math.floor(this.#given.random.next() * 0x1_0000)
    const { signal: stopping } = this.#stopping
    const settings = { relayOnly, punch }
    const { clock } = this.#given
    const examined = { clock, carrier, dc, membership, ways: this.#ways, links, settings, stopping }
    return examine(examined, { timeoutMs, echoId })
  }

  /** How this person stands to somebody has changed. */
  judge(contact: Contact): void {
    if (!standingOf(contact).mayBeHeard) this.#shutOut(contact.person)
    else this.#keep(contact.person)
    this.tun.judge(contact)
  }

  /** Who came as a stranger is not forgotten any more when its keys grow old: it may have to be found again. */
  #keep(person: PersonId): void {
    for (const { tunnelKey } of this.#given.people.cards(person)) {
      const neighbour = this.carrier.neighbour(tunnelKey)
      if (neighbour !== undefined) this.carrier.tunnel.keep(neighbour.peer)
    }
  }

  #shutOut(person: PersonId): void {
    this.transport.shutOut(person)
    this.domains.coordinators.withdraw(person)
  }

  /** Who was blocked while no coordinator listened may still be authorised there. */
  #shutOutTheBlocked(): void {
    for (const contact of this.#given.people.contacts()) this.judge(contact)
  }

  #callNeighbours(): void {
    for (const device of this.#addresses.devices().slice(0, CALLED_AT_START_MAX)) {
      const card = this.#given.people.card(device)
      const remembered = this.#reachedAt(device)
      if (card !== undefined && remembered.length > 0) this.transport.open(card, { remembered })
    }
  }

  /** Once there is a coordinator to ask: who was talked with last and has not answered where it was. */
  #askForNeighbours(): void {
    const { membership } = this.domains
    const met = this.#addresses.devices().slice(0, ASKED_AT_START_MAX)
    const asking = membership.changed$.subscribe(() => {
      if (membership.state !== 'up') return
      asking.unsubscribe()
      for (const device of met) {
        const card = this.#given.people.card(device)
        if (card === undefined || this.#links.isFresh(device)) continue
        this.transport.greet(card).catch(() => this.carrier.count('direction-not-followed'))
      }
    })
  }

  /** Devices of the contact book; those that were met last come first. */
  #soughtDevices(): readonly PeerCard[] {
    const { people } = this.#given
    const met = this.#addresses.devices().flatMap(device => people.card(device) ?? [])
    const listed = people.contacts().flatMap(({ person }) => people.cards(person))
    return [...new Map([...met, ...listed].map(card => [card.device, card])).values()].filter(
      ({ person }) => standingOf(people.contact(person)).mayBeTold,
    )
  }

  #directed(directed: Directed): void {
    if (directed.role === 'responder')
      this.transport.follow(directed).catch(() => this.carrier.count('direction-not-followed'))
  }

  /** A known device may come by itself, with no coordinator in between; a stranger's first message may not. */
  #admit(key: TunnelKey): PeerOptions | undefined {
    const { people } = this.#given
    const card = people.cardOfTunnelKey(key)
    if (card === undefined)
      return this.transport.introduction(key) === undefined ? undefined : { challenged: true }
    const contact = people.contact(card.person)
    if (!standingOf(contact).mayBeHeard) return undefined
    return { endpoints: this.#reachedAt(card.device), transient: contact === undefined, challenged: true }
  }

  #established(neighbour: Neighbour, from: UdpEndpoint): void {
    const card = this.#given.people.cardOfTunnelKey(neighbour.key)
    if (card === undefined) {
      const introduced = () => neighbour.peer.established && this.#established(neighbour, from)
      this.transport.introduction(neighbour.key)?.then(introduced, () => undefined)
      return
    }
    const { endpoint } = neighbour.peer
    neighbour.heardMs = this.#given.clock.monotonicMs()
    this.#remember(card.device, endpoint)
    this.#ways.established(neighbour, from)
    this.#links.established(card.device, neighbour)
    this.tun.met(card)
  }

  #holdIpv4(address: VirtualAddress | undefined): void {
    this.carrier.stack.setIpv4(address)
    this.tun.setIpv4(address)
  }

  /** Where somebody was reached without a relay's help is where to look next time. */
  #remember(device: DeviceId, endpoint: UdpEndpoint | undefined): void {
    if (endpoint === undefined || isByRelay(endpoint)) return
    const { address, port } = endpoint
    this.#addresses.reached(device, { address, port })
  }

  /** Where somebody was reached, as far as that means anything from here. */
  #reachedAt(device: DeviceId): readonly UdpEndpoint[] {
    return this.#ways.finder.plausibleStill(this.#addresses.of(device))
  }

  #rerouted(neighbour: Neighbour, hasTurned: boolean): void {
    if (hasTurned) this.carrier.stack.tcp.pathTurned(neighbour.address)
    const card = this.#given.people.cardOfTunnelKey(neighbour.key)
    if (card === undefined) return
    this.#remember(card.device, this.#ways.finder.viewOf(neighbour)?.endpoint)
    this.#links.changed(card.device, hasTurned)
  }

  #seek(neighbour: Neighbour): void {
    const card = this.#given.people.cardOfTunnelKey(neighbour.key)
    if (card !== undefined)
      this.transport.seek(card).catch(() => this.carrier.count('direction-not-followed'))
  }

  #tell(neighbour: Neighbour, what: string): void {
    const card = this.#given.people.cardOfTunnelKey(neighbour.key)
    if (card !== undefined) this.#chronicle.tell(card.device, what)
  }

  /** Nobody answers any more, or the keys are gone. */
  #lost(neighbour: Neighbour): void {
    const card = this.#given.people.cardOfTunnelKey(neighbour.key)
    this.#ways.finder.ended(neighbour)
    if (card !== undefined) this.#links.failed(card.device)
  }

  #forgotten(neighbour: Neighbour): void {
    this.#lost(neighbour)
    this.#ways.finder.forget(neighbour)
  }

  #measured(neighbour: Neighbour, rttMs: number): void {
    const card = this.#given.people.cardOfTunnelKey(neighbour.key)
    if (card === undefined) return
    this.#links.measured(card.device, rttMs)
    this.#remember(card.device, neighbour.peer.endpoint)
  }

  /** Somebody was told another record of ours than we signed: whoever told them lied, or is behind. */
  #compareRecord(neighbour: Neighbour, hash: Uint8Array): void {
    if (Buffer.compare(this.#record.signed.hash, hash) === 0) return
    const card = this.#given.people.cardOfTunnelKey(neighbour.key)
    this.#given.journal.note(
      `${card?.name ?? neighbour.key} reached this device by a name record that it did not sign last`,
      card?.device,
    )
  }
}
