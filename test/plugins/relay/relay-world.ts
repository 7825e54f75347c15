/**
 * A relay, its coordinator's key and some holders on one simulated network. Everything runs on the virtual clock;
 * only the network's and the keys' chance come from the seed.
 */
import type { TunnelKey } from '../../../src/events/ids.ts'
import type {
  ChannelEvents,
  ChannelState,
  Keys,
  Outlet,
  RelayChannel,
  UdpEndpoint,
  UdpSocket,
} from '../../../src/kernel/api/index.ts'
import { deviceKeys } from '../../../src/kernel/keys.ts'
import { SeededRandom } from '../../../src/kernel/testing/seeded-random.ts'
import type { SimHost } from '../../../src/kernel/testing/sim-host.ts'
import { type Faults, QUIET, SimNetwork } from '../../../src/kernel/testing/sim-network.ts'
import { VirtualClock } from '../../../src/kernel/testing/virtual-clock.ts'
import { NtmRelayClient } from '../../../src/plugins/relay/client.ts'
import { RelayServer } from '../../../src/plugins/relay/server/relay-server.ts'
import { encodeRelayGrant, type RelayTicket, signRelayTicket } from '../../../src/wire/relay-ticket.ts'

export const keysOf = (byte: number): Keys => deviceKeys(new Uint8Array(32).fill(byte)).keys
export const dc = keysOf(0x0d)
export const relayKeys = keysOf(0x05)
export const PAIR = '0102030405060708'
export const RATE = 10_000_000
export const HOUR_MS = 60 * 60_000

const FIRST_PORT = 50_000

/** What left a host: to whom and how much. */
export interface Sent {
  readonly to: UdpEndpoint
  readonly bytes: Uint8Array
  readonly atMs: number
}

export class RelayWorld {
  readonly clock = new VirtualClock()
  readonly network: SimNetwork
  readonly random: SeededRandom
  readonly at: UdpEndpoint = { address: '192.0.2.1', port: 3_478 }
  readonly at6: UdpEndpoint = { address: '2001:db8::1', port: 3_478 }
  server: RelayServer
  /** What the relay sent. */
  readonly sent: Sent[] = []
  readonly #sockets = new Sockets()

  constructor({ seed = 1, faults = QUIET, slotsMax = 100 } = {} as Partial<WorldSpec>) {
    this.random = new SeededRandom(seed)
    this.network = new SimNetwork(this.clock, this.random.fork(), faults)
    this.server = this.#newServer(slotsMax)
    void this.wake()
  }

  #newServer(slotsMax: number): RelayServer {
    const outlet: Outlet = {
      send: (bytes, to) => {
        this.sent.push({ to, bytes: new Uint8Array(bytes), atMs: this.clock.monotonicMs() })
        this.#sockets.send(bytes, to)
      },
    }
    const { clock, random } = this
    return new RelayServer({ clock, random, keys: relayKeys, outlet, issuer: () => dc.device, slotsMax })
  }

  /** Its memory is gone, its key is not. */
  restart(slotsMax = 100): void {
    this.server = this.#newServer(slotsMax)
  }

  /** As without power; of one address family, if so wished. */
  silence(at?: UdpEndpoint): void {
    this.#sockets.silence(at?.address)
  }

  async wake(): Promise<void> {
    const receive = (bytes: Uint8Array, from: UdpEndpoint): void => this.server.receive(bytes, from)
    for (const at of [this.at, this.at6]) await this.#sockets.open(this.network, at, receive)
  }

  grant(holder: Keys, side: 0 | 1, more: Partial<RelayTicket> = {}, endpoints = [this.at]): Uint8Array {
    const expires = this.clock.now() + HOUR_MS
    const ticket = {
      ...{ side, bytesPerSecond: RATE, pair: PAIR, expires },
      ...{ relay: relayKeys.tunnelKey as TunnelKey, holder: holder.tunnelKey, ...more },
    }
    return encodeRelayGrant({ ticket: signRelayTicket(ticket, dc.sign), endpoints })
  }

  holder(byte: number, ...addresses: readonly string[]): Holder {
    return new Holder(this, keysOf(byte), ...addresses)
  }

  run(ms: number): void {
    const untilMs = this.clock.monotonicMs() + ms
    while (this.clock.step(untilMs));
  }

  /** Until it holds, and how long that took. */
  until(holds: () => boolean, patienceMs = 60_000): number {
    const fromMs = this.clock.monotonicMs()
    while (!holds()) {
      const hasMore = this.clock.step(fromMs + patienceMs)
      if (!hasMore) throw new Error(`still not so after ${patienceMs} ms`)
    }
    return this.clock.monotonicMs() - fromMs
  }
}

export interface WorldSpec {
  readonly seed: number
  readonly faults: Faults
  readonly slotsMax: number
}

/** One socket a family, each on a host of its own. */
class Sockets implements Outlet {
  readonly #open = new Map<string, { readonly host: SimHost; readonly socket: UdpSocket }>()

  async open(
    network: SimNetwork,
    at: UdpEndpoint,
    receive: (bytes: Uint8Array, from: UdpEndpoint) => void,
  ): Promise<void> {
    if (this.#open.has(at.address)) return
    const host = network.host(at.address)
    this.#open.set(at.address, { host, socket: await host.udp(at, receive) })
  }

  send(bytes: Uint8Array, to: UdpEndpoint): void {
    for (const [address, { socket }] of this.#open)
      if (address.includes(':') === to.address.includes(':')) socket.send(bytes, to)
  }

  silence(only?: string): void {
    for (const [address, { host }] of [...this.#open]) {
      if (only !== undefined && address !== only) continue
      host.silence()
      this.#open.delete(address)
    }
  }
}

/** A node with its sockets and a relay client, which can go elsewhere. */
export class Holder {
  readonly keys: Keys
  readonly client: NtmRelayClient
  readonly heard: string[] = []
  readonly states: ChannelState[] = []
  readonly sent: Sent[] = []
  readonly #world: RelayWorld
  readonly #sockets = new Sockets()

  constructor(world: RelayWorld, keys: Keys, ...addresses: readonly string[]) {
    this.#world = world
    this.keys = keys
    const outlet: Outlet = {
      send: (bytes, to) => {
        this.sent.push({ to, bytes: new Uint8Array(bytes), atMs: world.clock.monotonicMs() })
        this.#sockets.send(bytes, to)
      },
    }
    this.client = new NtmRelayClient({ clock: world.clock, random: world.random, keys, outlet })
    void this.goTo(...addresses)
  }

  get events(): ChannelEvents {
    return {
      onPacket: packet => this.heard.push(Buffer.from(packet).toString()),
      onState: channel => this.states.push(channel.state),
    }
  }

  /** The old addresses hear nothing any more. Tells the client nothing. */
  async goTo(...addresses: readonly string[]): Promise<void> {
    this.#sockets.silence()
    const receive = (bytes: Uint8Array, from: UdpEndpoint): void => {
      if (this.client.claims(bytes)) this.client.receive(bytes, from)
    }
    for (const address of addresses)
      await this.#sockets.open(this.#world.network, { address, port: FIRST_PORT }, receive)
  }

  /** What it sent since then, by the first byte. */
  types(sinceMs = 0): readonly number[] {
    return this.sent.filter(({ atMs }) => atMs >= sinceMs).map(({ bytes }) => bytes[0]!)
  }

  follow(endpoints = [this.#world.at]): void {
    this.client.follow([{ relay: relayKeys.tunnelKey, endpoints }])
  }

  open(side: 0 | 1, more: Partial<RelayTicket> = {}, endpoints = [this.#world.at]): RelayChannel {
    const channel = this.client.open(this.#world.grant(this.keys, side, more, endpoints), this.events)
    if (channel === undefined) throw new Error('the grant does not read')
    return channel
  }
}

export const say = (channel: RelayChannel, text: string): void =>
  channel.send(Buffer.from(text), channel.endpoint)

/** Two holders on a relay, not bound yet. */
export const couple = async (spec: Partial<WorldSpec> = {}) => {
  const world = new RelayWorld(spec)
  const [alice, bob] = [world.holder(1, '198.51.100.1', '2001:db8:a::1'), world.holder(2, '203.0.113.2')]
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve()
  return { world, alice, bob }
}
