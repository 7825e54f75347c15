/**
 * One machine's view of a simulated network: the kernel's `Network`, whose addresses can change under its sockets
 * as they do under a phone that leaves the house.
 */
import {
  ChatError,
  type DatagramStream,
  type LanChannel,
  type LanNotice,
  type Network,
  type NetworkChange,
  type SrvRecord,
  type StreamDoor,
  type StreamEvents,
  type StreamTarget,
  type UdpEndpoint,
  type UdpOptions,
  type UdpSocket,
} from '../api/index.ts'
import type { SimNetwork } from './sim-network.ts'
import { type Attachment, isIpv6, type Listener, type Packet, type Segment } from './sim-segment.ts'

/** Where a host is: an attachment whose segment is known. */
export interface Place extends Attachment {
  readonly on: Segment
}

interface Binding {
  readonly local: UdpEndpoint
  readonly isWildcard: boolean
  readonly receive: (bytes: Uint8Array, from: UdpEndpoint) => void
}

const EPHEMERAL_FIRST = 49_152
const WILDCARDS = ['0.0.0.0', '::']
const LOOPBACKS = ['127.0.0.1', '::1']

const isOnLan =
  (core: Segment) =>
  ({ on }: Place): boolean =>
    on !== core
const areOneFamily = (one: string, other: string): boolean => isIpv6(one) === isIpv6(other)

/** Whether a packet to `address` is for this socket. */
const hears = ({ local, isWildcard }: Binding, address: string): boolean =>
  isWildcard ? areOneFamily(local.address, address) : local.address === address

export class SimHost implements Network {
  readonly #network: SimNetwork
  readonly #bindings = new Map<number, readonly Binding[]>()
  readonly #watchers = new Set<(change: NetworkChange) => void>()
  #places: readonly Place[] = []
  #isUp = true
  #isAsleep = false

  constructor(network: SimNetwork, attachments: readonly Attachment[]) {
    this.#network = network
    this.move(attachments)
  }

  /** The first of its addresses. */
  get address(): string {
    return this.#places[0]?.address ?? ''
  }

  get isUp(): boolean {
    return this.#isUp && !this.#isAsleep
  }

  /**
   * Gives it these addresses in place of its own. A socket on all addresses goes on from the new ones, any other
   * falls silent. Of several addresses of one family the first is the way out, unless the target is a neighbour.
   */
  move(attachments: readonly Attachment[]): void {
    for (const { on, address } of this.#places) on.detach(address, this)
    this.#places = attachments.map(at => ({ ...at, on: at.on ?? this.#network.core }))
    for (const place of this.#places) place.on.attach(place.address, { host: this, wire: place })
    this.#tellWatchers()
  }

  /** Its cable is pulled: nothing leaves or comes, and it has no addresses, until `up`. */
  down(): void {
    this.#isUp = false
    this.#tellWatchers()
  }

  up(): void {
    this.#isUp = true
    this.#tellWatchers()
  }

  /** Nothing leaves or comes, and nobody here notices anything, until `wake`. */
  sleep(): void {
    this.#isAsleep = true
  }

  /** Whoever watches is told, as the kernel's own watch tells it of a machine that has slept. */
  wake(): void {
    this.#isAsleep = false
    this.#tellWatchers({ hasSlept: true })
  }

  watch(changed: (change: NetworkChange) => void): () => void {
    this.#watchers.add(changed)
    return () => void this.#watchers.delete(changed)
  }

  /** Loopback addresses stand for the host's own one. */
  async udp(
    asked: UdpEndpoint,
    receive: (bytes: Uint8Array, from: UdpEndpoint) => void,
    options: UdpOptions = {},
  ): Promise<UdpSocket> {
    const binding = this.#bind(asked, (bytes, from) => {
      receive(bytes, from)
      options.settled?.()
    })
    const { local } = binding
    return {
      local,
      send: (bytes, to, hopLimit) => {
        if (this.#bindings.get(local.port)?.includes(binding)) this.#send(binding, { bytes, to }, hopLimit)
      },
      close: async () => this.#release(binding),
    }
  }

  dial(target: StreamTarget, events: StreamEvents, signal?: AbortSignal): Promise<DatagramStream> {
    return this.#network.streams.dial(this, this.#wayTo(target.address), target, events, signal)
  }

  listenStreams(
    { address, port }: UdpEndpoint,
    receive: (bytes: Uint8Array, from: UdpEndpoint) => void,
  ): Promise<StreamDoor> {
    const own = LOOPBACKS.includes(address) ? this.#ownLike(address) : address
    return this.#network.streams.listen(this, { address: own, port }, receive)
  }

  hasSocketAt(to: UdpEndpoint): boolean {
    return this.#bindingAt(to) !== undefined
  }

  /** Takes a packet off the wire. */
  take({ to, from, bytes }: Packet): void {
    this.#bindingAt(to)?.receive(bytes, from)
  }

  localAddresses(): readonly string[] {
    return this.#isUp ? this.#places.map(({ address }) => address) : []
  }

  async sourceTowards(address: string): Promise<string | undefined> {
    return this.#isUp ? this.#wayTo(address)?.address : undefined
  }

  /** The segments that it is on, but for the Internet. */
  lan(hear: (notice: LanNotice, address: string) => void): LanChannel | undefined {
    const places = this.#isUp ? this.#places.filter(isOnLan(this.#network.core)) : []
    if (places.length === 0) return undefined
    const listener: Listener = { host: this, hear }
    for (const { on } of places) on.listeners.add(listener)
    return {
      announce: notice => {
        for (const place of places) this.#network.announce({ host: this, place, notice })
      },
      close: () => {
        for (const { on } of places) on.listeners.delete(listener)
      },
    }
  }

  async addresses(host: string): Promise<readonly string[]> {
    return this.#network.names.get(host) ?? (/^[0-9.]+$|:/.test(host) ? [host] : [])
  }

  async srv(name: string): Promise<readonly SrvRecord[]> {
    return this.#network.srvRecords.get(name) ?? []
  }

  async txt(name: string): Promise<readonly string[]> {
    return this.#network.txtRecords.get(name) ?? []
  }

  /** Everything of this host falls silent at once, as without power. */
  silence(): void {
    this.#bindings.clear()
    this.#watchers.clear()
    for (const { on } of this.#places)
      for (const listener of on.listeners) if (listener.host === this) on.listeners.delete(listener)
    this.#network.streams.silence(this)
  }

  #tellWatchers(change: NetworkChange = { hasSlept: false }): void {
    if (this.#isAsleep) return
    for (const changed of [...this.#watchers]) changed(change)
  }

  #bindingAt({ address, port }: UdpEndpoint): Binding | undefined {
    return this.#bindings.get(port)?.find(binding => hears(binding, address))
  }

  #bind(asked: UdpEndpoint, receive: Binding['receive']): Binding {
    const isWildcard = WILDCARDS.includes(asked.address)
    const address = LOOPBACKS.includes(asked.address) ? this.#ownLike(asked.address) : asked.address
    if (!isWildcard && !this.#places.some(place => place.address === address))
      throw new ChatError(
        'PORT_IN_USE',
        `UDP port ${address}:${asked.port} cannot be opened: not an own address`,
      )
    const at = (port: number): Binding => ({ local: { address, port }, isWildcard, receive })
    let binding = at(asked.port === 0 ? EPHEMERAL_FIRST : asked.port)
    while (asked.port === 0 && this.#isTaken(binding)) binding = at(binding.local.port + 1)
    const { port } = binding.local
    if (this.#isTaken(binding)) throw new ChatError('PORT_IN_USE', `UDP port ${address}:${port} is in use`)
    this.#bindings.set(port, [...(this.#bindings.get(port) ?? []), binding])
    return binding
  }

  #release(binding: Binding): void {
    const { port } = binding.local
    const others = (this.#bindings.get(port) ?? []).filter(other => other !== binding)
    if (others.length > 0) this.#bindings.set(port, others)
    else this.#bindings.delete(port)
  }

  /** By itself, or by another host that has the same address. */
  #isTaken(wanted: Binding): boolean {
    const wantedAt = this.#places.filter(({ address }) => hears(wanted, address))
    return (
      this.#overlaps(wanted) ||
      wantedAt.some(({ on, address }) =>
        on.hostsAt(address).some(host => host.hasSocketAt({ address, port: wanted.local.port })),
      )
    )
  }

  #overlaps({ local, isWildcard }: Binding): boolean {
    const bound = this.#bindings.get(local.port) ?? []
    return bound.some(
      other =>
        hears(other, local.address) || (isWildcard && areOneFamily(other.local.address, local.address)),
    )
  }

  #ownLike(address: string): string {
    return this.#places.find(place => areOneFamily(place.address, address))?.address ?? address
  }

  #send(binding: Binding, { bytes, to }: Omit<Packet, 'from'>, hopLimit?: number): void {
    const { address, port } = binding.local
    const place = this.#wayTo(to.address, binding)
    const from = { address: place?.address ?? address, port }
    this.#network.carry({ host: this, place, packet: { from, to, bytes }, hopLimit })
  }

  /** Out of those where `binding` is, if one is given. */
  #wayTo(address: string, binding?: Binding): Place | undefined {
    const ways = this.#places.filter(
      place =>
        areOneFamily(place.address, address) && (binding === undefined || hears(binding, place.address)),
    )
    return ways.find(({ on }) => on !== this.#network.core && on.has(address)) ?? ways[0]
  }
}
