/**
 * The services that the kernel gives to plugins. Clock, chance, network and disk come in here and nowhere else,
 * so that the simulator can replace them.
 */
import type { Observable } from 'rxjs'
import type { Draft, Opened, Recorded, Sealed } from '../../events/envelope.ts'
import type { DeviceId, EventId, Millis, PersonId, StreamId, TunnelKey } from '../../events/ids.ts'
import type { ChatError } from './errors.ts'
import type { Verdict } from './machine.ts'
import { type PluginHealth, token } from './plugin.ts'
import type { Projection, ProjectionState } from './points.ts'
import type { LanChannel, LanNotice, PortMappingState, TunDevice, TunRequest } from './surroundings.ts'
import type { Link, LookupFailure, NameRecord, PeerCard, StreamTransport } from './transport.ts'

export interface Clock {
  /** Wall clock: what an author claims in `at`. May jump. */
  now(): Millis
  /** Never goes back; for timers and round trips. Fractions count. */
  monotonicMs(): number
  /** Runs once after the delay; returns how to cancel. */
  after(delayMs: number, run: () => void): () => void
}
export const Clock = token<Clock>('ntm.clock')

export interface Random {
  bytes(count: number): Uint8Array
  /** Uniform in [0, 1). */
  next(): number
}
export const Random = token<Random>('ntm.random')

export interface UdpEndpoint {
  readonly address: string
  readonly port: number
  /** The way out towards it, and the way in from it, where that is not the ordinary socket: a relay, one of many. */
  readonly via?: Outlet
}
/** A way out for datagrams. */
export interface Outlet {
  /** Hands the bytes to the network now; they may be reused when it returns. Errors are counted, not thrown. */
  send(bytes: Uint8Array, to: UdpEndpoint): void
}
export interface UdpSocket extends Outlet {
  readonly local: UdpEndpoint
  /** `hopLimit` is of this datagram alone; without it the system's own. */
  send(bytes: Uint8Array, to: UdpEndpoint, hopLimit?: number): void
  close(): Promise<void>
}
export interface UdpOptions {
  /**
   * Datagrams may travel together. `receive` may be handed several of one source in one piece, all of the same size
   * but for the last, which may be shorter, and must split them; what is sent in one turn of the event loop may leave
   * at its end. Off: one at a time, and at once.
   */
  readonly coalesced?: boolean
  /**
   * Called when what came together has been handed over, at the latest when the turn of the event loop ends: whoever
   * answers several datagrams at once does it then. It follows whatever was handed over, also if the socket is closed.
   */
  readonly settled?: () => void
}
/**
 * Datagrams through one TCP connection, for where UDP does not get through: in order, and none lost on the way. What
 * finds its queue full is dropped, as a socket would.
 */
export interface DatagramStream extends Outlet {
  close(): void
}
export interface StreamEvents {
  /** `bytes` are valid only during the call. */
  readonly onDatagram: (bytes: Uint8Array) => void
  /** Once, unless it was closed from here. */
  readonly onClosed: () => void
}
export interface StreamTarget extends UdpEndpoint {
  /** TLS hides what it is; who is at the other end is proved by what goes through it. */
  readonly isTls: boolean
}
export interface StreamDoor {
  readonly local: UdpEndpoint
  close(): Promise<void>
}
/** Files in PEM. */
export interface Certificate {
  readonly certFile: string
  readonly keyFile: string
}
/** What `Network.watch` has seen. */
export interface NetworkChange {
  /** This machine was asleep, whether it is elsewhere now or not: others may have given up what it still has. */
  readonly hasSlept: boolean
}

export interface SrvRecord {
  readonly host: string
  readonly port: number
  readonly priority: number
  readonly weight: number
}
export interface Network {
  /** Rejects with PORT_IN_USE. `bytes` in `receive` are valid only during the call. */
  udp(
    local: UdpEndpoint,
    receive: (bytes: Uint8Array, from: UdpEndpoint) => void,
    options?: UdpOptions,
  ): Promise<UdpSocket>
  /** Rejects when nobody there takes it, or when `signal` says to give it up. Absent where there is no TCP. */
  dial?(target: StreamTarget, events: StreamEvents, signal?: AbortSignal): Promise<DatagramStream>
  /**
   * Takes what `dial` sends, with TLS if there is a certificate. A connection is the `via` of what comes from it.
   * Rejects with PORT_IN_USE or CONFIG_INVALID.
   */
  listenStreams?(
    local: UdpEndpoint,
    receive: (bytes: Uint8Array, from: UdpEndpoint) => void,
    certificate?: Certificate,
  ): Promise<StreamDoor>
  /** Addresses of this host that others might reach, without port. */
  localAddresses(): readonly string[]
  /**
   * Calls when the own addresses, or the ways out, have become others, and when this machine has slept: then nothing
   * that was known of the network need hold any more. Returns how to stop.
   */
  watch(changed: (change: NetworkChange) => void): () => void
  /** The own address that datagrams to `address` would leave from now; undefined when none would. */
  sourceTowards(address: string): Promise<string | undefined>
  /** Addresses of a host name; an address stands for itself. Empty when there are none. */
  addresses(host: string): Promise<readonly string[]>
  srv(name: string): Promise<readonly SrvRecord[]>
  txt(name: string): Promise<readonly string[]>
  /**
   * Asks the router for a way in to this UDP port of IPv4, and goes on asking; `changed` tells how that stands. Returns
   * how to give it back.
   */
  mapPort?(port: number, changed: (state: PortMappingState) => void): () => Promise<void>
  /**
   * What hosts of the own link say, each with the address that it came from; and how to say something. Undefined
   * while this host is on no link that can be spoken to. It is for the addresses of now: open another after a change.
   */
  lan?(hear: (notice: LanNotice, address: string) => void): LanChannel | undefined
  /**
   * A device for the programs of this machine, up and without addresses. `packet` is valid during the call only. Rejects
   * with TUN_UNAVAILABLE. Absent where the platform has none.
   */
  tun?(asked: TunRequest, receive: (packet: Uint8Array) => void): Promise<TunDevice>
}
export const Network = token<Network>('ntm.network')

/** Operations with this device's keys. Key bytes never leave; a label names the purpose. */
export interface Keys {
  readonly device: DeviceId
  readonly tunnelKey: TunnelKey
  /** X25519 with the static tunnel key, for the tunnel's handshake only. */
  agreeTunnel(peerPublicKey: Uint8Array): Uint8Array
  /** A secret shared with a peer's tunnel key for one purpose: KDF(label, X25519). */
  agree(label: string, peerPublicKey: Uint8Array): Uint8Array
  /** Ed25519(label ‖ message) with the device's signing key. */
  sign(label: string, message: Uint8Array): Uint8Array
}
export const Keys = token<Keys>('ntm.keys')

/** Who this home is. `proof` is the person's founding event (and certificates), ready to be shown to others. */
export interface Identity {
  readonly name: string
  readonly person: PersonId
  readonly device: DeviceId
  readonly tunnelKey: TunnelKey
  readonly proof: readonly Uint8Array[]
}
export const Identity = token<Identity>('ntm.identity')

export interface Tip {
  readonly author: DeviceId
  readonly seq: number
  readonly id: EventId
}
/** One author's events in one stream, by seq. */
export interface ChainQuery {
  readonly stream: StreamId
  readonly author: DeviceId
  readonly fromSeq?: number
  readonly limit?: number
}
/** Events of one stream, or of all, in local order. Positions are exclusive. */
export interface OrderQuery {
  readonly stream?: StreamId
  readonly author?: never
  readonly afterPosition?: number
  readonly beforePosition?: number
  readonly reverse?: boolean
  readonly limit?: number
}
export type LogQuery = ChainQuery | OrderQuery
/** The one log of this device. Everything anybody sees is folded from it. */
export interface Log {
  /**
   * Seals, appends and syncs drafts of this device, of event types that the plugin's manifest owns, or that
   * introduce this device. Rejects with DISK_FULL and the like; then nothing was kept.
   */
  submit(stream: StreamId, drafts: readonly Draft[]): Promise<readonly Recorded[]>
  /** Every admitted event after it was synced, in position order. */
  readonly appended$: Observable<Recorded>
  find(id: EventId): Promise<Recorded | undefined>
  read(query: LogQuery): AsyncIterable<Recorded>
  tips(stream: StreamId): Promise<readonly Tip[]>
  /** Devices that may write to the stream, by its law. */
  authors(stream: StreamId): Promise<ReadonlySet<DeviceId>>
  streams(): Promise<readonly StreamId[]>
}
export const Log = token<Log>('ntm.log')

/** What events say. */
export interface EventData {
  /**
   * The event's data in the newest shape that the owner of its type knows. Undefined if it was dropped, if no
   * plugin here owns the type, if its rev is newer, or if its owner does not accept it.
   */
  of(event: Opened): unknown
}
export const EventData = token<EventData>('ntm.event-data')

/** The door for foreign events. Only protocols hand events in; the verdicts come after the sync. */
export interface Gate {
  ingest(run: readonly Sealed[], from: DeviceId): Promise<readonly Verdict[]>
}
export const Gate = token<Gate>('ntm.gate')

/** A plugin's own part of the store: same batches, same encryption. */
export interface Keyspace {
  get(key: string): Promise<Uint8Array | undefined>
  /** Pairs whose key starts with the prefix, by key. */
  list(prefix: string): AsyncIterable<readonly [key: string, value: Uint8Array]>
  /** Writes all or nothing; resolves after the sync. An undefined value deletes. */
  write(entries: readonly (readonly [key: string, value: Uint8Array | undefined])[]): Promise<void>
  /** Joins the next commit without waiting for it; lost if the power goes before. */
  put(key: string, value: Uint8Array | undefined): void
}
export const Keyspace = token<Keyspace>('ntm.keyspace')

export interface JournalEntry {
  readonly at: Millis
  readonly about: EventId | DeviceId | undefined
  readonly what: string
}
/** What happened beside the events: acknowledgements, retries, paths. Bounded; the oldest go first. */
export interface Journal {
  /** What is about nobody in particular concerns whoever runs the device, and is told on stderr as well. */
  note(what: string, about?: EventId | DeviceId): void
  read(about: EventId | DeviceId): AsyncIterable<JournalEntry>
}
export const Journal = token<Journal>('ntm.journal')

/** The live states of the projections. */
export interface Views {
  live<S extends ProjectionState>(projection: Projection<S>): S
}
export const Views = token<Views>('ntm.views')

/** All transports as one: the first that has a path carries. */
export interface Peers {
  reach(device: DeviceId): Promise<{ readonly up: boolean; readonly reason?: string }>
  links(): readonly Link[]
  readonly link$: Observable<Link>
  ping(device: DeviceId, timeoutMs: number): Promise<number | undefined>
}
export const Peers = token<Peers>('ntm.peers')

/** The streams of all transports as one: the first that has a path to the device carries. */
export type Streams = StreamTransport
export const Streams = token<Streams>('ntm.streams')

/** All directories as one; a name never silently changes its person. */
export interface Directory {
  lookup(name: string): Promise<NameRecord | LookupFailure | ChatError>
}
export const Directory = token<Directory>('ntm.directory')

/** How this node stands to the coordinator of its own domain. */
export interface Coordination {
  state(): 'up' | 'down' | 'registering'
  /** Why the coordinator does not have this node, if it said no; the state is `down` then. */
  refusal(): ChatError | undefined
}
export const Coordination = token<Coordination>('ntm.coordination')

/** Feeds commands to a protocol's machine by the protocol's name. */
export interface Protocols {
  command(protocol: string, command: unknown): void
}
export const Protocols = token<Protocols>('ntm.protocols')

export interface Health {
  plugins(): readonly PluginHealth[]
  readonly health$: Observable<PluginHealth>
}
export const Health = token<Health>('ntm.health')

export type ContactState = 'request' | 'accepted' | 'blocked'
export interface Contact {
  readonly person: PersonId
  readonly name: string
  readonly state: ContactState
  readonly verified: boolean
  /** Another person claims this name now: nothing is sent until it is accepted. */
  readonly disputed: boolean
}
/** Who is who: persons, their devices, and how this person stands to them. */
export interface People {
  /** Checks a name record and its proofs, pins what is new, shouts when a name changed its person. */
  learn(record: NameRecord): Promise<'known' | 'new-device' | 'new' | 'keys-changed' | 'invalid'>
  card(device: DeviceId): PeerCard | undefined
  cardOfTunnelKey(key: TunnelKey): PeerCard | undefined
  cards(person: PersonId): readonly PeerCard[]
  contact(person: PersonId): Contact | undefined
  contacts(): readonly Contact[]
  /** A full name, a unique prefix of an accepted contact, or a person id. Looks names up that are not known. */
  find(nameOrId: string): Promise<Contact>
  accept(person: PersonId): Promise<void>
  /** Whether nothing was ever recorded about this person, not even that they were removed. */
  isUndecided(person: PersonId): boolean
  /** Remembers a stranger who wrote first. */
  request(person: PersonId): Promise<void>
  readonly contact$: Observable<Contact>
}
export const People = token<People>('ntm.people')
