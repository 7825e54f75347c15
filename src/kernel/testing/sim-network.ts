/**
 * A network that exists only in a world: datagrams become entries in the virtual clock's queue, and one seed
 * decides which of them are lost, late, doubled or overtaken. Hosts get it as the kernel's `Network`, so the
 * code under test is the code that runs on real sockets.
 */
import {
  ChatError,
  type Network,
  type SrvRecord,
  type UdpEndpoint,
  type UdpOptions,
  type UdpSocket,
} from '../api/index.ts'
import type { SeededRandom } from './seeded-random.ts'
import type { VirtualClock } from './virtual-clock.ts'

/** What the network does to datagrams. Shares are probabilities per datagram. */
export interface Faults {
  readonly latencyMs: readonly [least: number, most: number]
  readonly loss: number
  readonly duplicates: number
  /** Share that is delayed by up to four times the latency, and so overtaken. */
  readonly reordering: number
}

export const QUIET: Faults = { latencyMs: [1, 1], loss: 0, duplicates: 0, reordering: 0 }
/** The harshest that this project promises to live with (DESIGN §10). */
export const HARSH: Faults = { latencyMs: [20, 200], loss: 0.3, duplicates: 0.1, reordering: 0.2 }

export interface Packet {
  readonly from: UdpEndpoint
  readonly to: UdpEndpoint
  readonly bytes: Uint8Array
}

/** A box between a host and the rest, such as a NAT: it rewrites packets, or swallows them with undefined. */
export interface Gateway {
  /** The address that packets from outside are sent to. */
  readonly address: string
  outbound(packet: Packet, nowMs: number): Packet | undefined
  inbound(packet: Packet, nowMs: number): Packet | undefined
}

export type PacketFate = 'delivered' | 'lost' | 'cut' | 'nobody'
export type Watch = (fate: PacketFate, packet: Packet, nowMs: number) => void

interface Port {
  readonly receive: (bytes: Uint8Array, from: UdpEndpoint) => void
  readonly host: SimHost
}

const EPHEMERAL_FIRST = 49_152
const placeOf = ({ address, port }: UdpEndpoint): string => `${address}|${port}`

export class SimNetwork {
  faults: Faults
  readonly #clock: VirtualClock
  readonly #random: SeededRandom
  readonly #watch: Watch
  readonly #ports = new Map<string, Port>()
  readonly #gateways = new Map<string, Gateway>()
  /** Host address -> island; hosts of different islands do not hear each other. */
  #islands = new Map<string, number>()
  readonly names = new Map<string, readonly string[]>()
  readonly srvRecords = new Map<string, readonly SrvRecord[]>()
  readonly txtRecords = new Map<string, readonly string[]>()

  constructor(
    clock: VirtualClock,
    random: SeededRandom,
    faults: Faults = QUIET,
    watch: Watch = () => undefined,
  ) {
    this.#clock = clock
    this.#random = random
    this.faults = faults
    this.#watch = watch
  }

  /** A machine on this network. Behind a gateway, others see the gateway's address only. */
  host(address: string, gateway?: Gateway): SimHost {
    if (gateway !== undefined) this.#gateways.set(gateway.address, gateway)
    return new SimHost(this, address, gateway)
  }

  /** Cuts the network between the groups of host addresses; hosts in no group hear everybody in none. */
  partition(...groups: readonly (readonly string[])[]): void {
    this.#islands = new Map(
      groups.flatMap((group, index) => group.map(address => [address, index + 1] as const)),
    )
  }

  heal(): void {
    this.#islands.clear()
  }

  open(endpoint: UdpEndpoint, port: Port): UdpEndpoint {
    const { address } = endpoint
    const free = endpoint.port === 0 ? this.#freePort(address) : endpoint.port
    const local = { address, port: free }
    if (this.#ports.has(placeOf(local)))
      throw new ChatError('PORT_IN_USE', `UDP port ${address}:${free} is in use`)
    this.#ports.set(placeOf(local), port)
    return local
  }

  shut(local: UdpEndpoint, port: Port): void {
    if (this.#ports.get(placeOf(local)) === port) this.#ports.delete(placeOf(local))
  }

  /** Takes one datagram. The bytes are copied, as a system call would. */
  carry(from: SimHost, packet: Packet): void {
    const nowMs = this.#clock.monotonicMs()
    const owned = { ...packet, bytes: new Uint8Array(packet.bytes) }
    const outside = from.gateway === undefined ? owned : from.gateway.outbound(owned, nowMs)
    if (outside === undefined) {
      this.#watch('lost', owned, nowMs)
      return
    }
    const { loss, duplicates } = this.faults
    const isLost = this.#random.next() < loss
    const copies = this.#random.next() < duplicates ? 2 : 1
    if (isLost) {
      this.#watch('lost', outside, nowMs)
      return
    }
    for (let copy = 0; copy < copies; copy += 1)
      this.#clock.after(this.#delayMs(), () => this.#deliver(from, outside))
  }

  #delayMs(): number {
    const { latencyMs, reordering } = this.faults
    const [least, most] = latencyMs
    const delayMs = least + (most - least) * this.#random.next()
    return this.#random.next() < reordering ? delayMs * (1 + 4 * this.#random.next()) : delayMs
  }

  #deliver(from: SimHost, packet: Packet): void {
    const nowMs = this.#clock.monotonicMs()
    const gateway = this.#gateways.get(packet.to.address)
    const inside = gateway === undefined ? packet : gateway.inbound(packet, nowMs)
    if (inside === undefined) {
      this.#watch('lost', packet, nowMs)
      return
    }
    const port = this.#ports.get(placeOf(inside.to))
    if (port === undefined) {
      this.#watch('nobody', inside, nowMs)
      return
    }
    const [here, there] = [this.#islands.get(from.address), this.#islands.get(port.host.address)]
    if (here !== there) {
      this.#watch('cut', inside, nowMs)
      return
    }
    this.#watch('delivered', inside, nowMs)
    port.receive(inside.bytes, inside.from)
  }

  #freePort(address: string): number {
    let port = EPHEMERAL_FIRST
    while (this.#ports.has(placeOf({ address, port }))) port += 1
    return port
  }
}

/** One machine's view of the network. */
export class SimHost implements Network {
  readonly address: string
  readonly gateway: Gateway | undefined
  readonly #network: SimNetwork
  readonly #sockets = new Set<() => void>()

  constructor(network: SimNetwork, address: string, gateway: Gateway | undefined) {
    this.#network = network
    this.address = address
    this.gateway = gateway
  }

  /** Unspecified and loopback addresses stand for the host's own one: a host here has no other. */
  async udp(
    asked: UdpEndpoint,
    receive: (bytes: Uint8Array, from: UdpEndpoint) => void,
    _options?: UdpOptions,
  ): Promise<UdpSocket> {
    const port: Port = { receive, host: this }
    const local = this.#network.open({ address: this.address, port: asked.port }, port)
    let isOpen = true
    const shut = (): void => {
      isOpen = false
      this.#sockets.delete(shut)
      this.#network.shut(local, port)
    }
    this.#sockets.add(shut)
    return {
      local,
      send: (bytes, to) => {
        if (isOpen) this.#network.carry(this, { from: local, to, bytes })
      },
      close: async () => shut(),
    }
  }

  localAddresses(): readonly string[] {
    return [this.address]
  }

  watch(): () => void {
    return () => undefined
  }

  async sourceTowards(): Promise<string> {
    return this.address
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
    for (const shut of [...this.#sockets]) shut()
  }
}
