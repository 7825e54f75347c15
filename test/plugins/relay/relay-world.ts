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
} from '../../../src/kernel/api/index.ts'
import { deviceKeys } from '../../../src/kernel/keys.ts'
import { SeededRandom } from '../../../src/kernel/testing/seeded-random.ts'
import { type Faults, QUIET, type SimHost, SimNetwork } from '../../../src/kernel/testing/sim-network.ts'
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
  readonly at: UdpEndpoint
  server: RelayServer
  /** What the relay sent. */
  readonly sent: Sent[] = []
  #relayHost: SimHost
  #outlet: Outlet = { send: () => undefined }

  constructor({ seed = 1, faults = QUIET, slotsMax = 100 } = {} as Partial<WorldSpec>) {
    this.random = new SeededRandom(seed)
    this.network = new SimNetwork(this.clock, this.random.fork(), faults)
    this.#relayHost = this.network.host('192.0.2.1')
    this.at = { address: '192.0.2.1', port: 3_478 }
    this.server = this.#newServer(slotsMax)
    void this.#listen()
  }

  #newServer(slotsMax: number): RelayServer {
    const outlet: Outlet = {
      send: (bytes, to) => {
        this.sent.push({ to, bytes: new Uint8Array(bytes), atMs: this.clock.monotonicMs() })
        this.#outlet.send(bytes, to)
      },
    }
    const { clock, random } = this
    return new RelayServer({ clock, random, keys: relayKeys, outlet, issuer: () => dc.device, slotsMax })
  }

  async #listen(): Promise<void> {
    this.#outlet = await this.#relayHost.udp(this.at, (bytes, from) => this.server.receive(bytes, from))
  }

  /** Its memory is gone, its key is not. */
  restart(slotsMax = 100): void {
    this.server = this.#newServer(slotsMax)
  }

  silence(): void {
    this.#relayHost.silence()
  }

  async wake(): Promise<void> {
    await this.#listen()
  }

  grant(holder: Keys, side: 0 | 1, more: Partial<RelayTicket> = {}): Uint8Array {
    const expires = this.clock.now() + HOUR_MS
    const ticket = {
      ...{ side, bytesPerSecond: RATE, pair: PAIR, expires },
      ...{ relay: relayKeys.tunnelKey as TunnelKey, holder: holder.tunnelKey, ...more },
    }
    return encodeRelayGrant({ ticket: signRelayTicket(ticket, dc.sign), endpoints: [this.at] })
  }

  holder(byte: number, address: string): Holder {
    return new Holder(this, keysOf(byte), address)
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

/** A node with one socket and a relay client, which can go elsewhere. */
export class Holder {
  readonly keys: Keys
  readonly client: NtmRelayClient
  readonly heard: string[] = []
  readonly states: ChannelState[] = []
  sentPackets = 0
  readonly #world: RelayWorld
  #outlet: Outlet = { send: () => undefined }
  #host: SimHost | undefined

  constructor(world: RelayWorld, keys: Keys, address: string) {
    this.#world = world
    this.keys = keys
    const outlet: Outlet = {
      send: (bytes, to) => {
        this.sentPackets += 1
        this.#outlet.send(bytes, to)
      },
    }
    this.client = new NtmRelayClient({ clock: world.clock, random: world.random, keys, outlet })
    void this.goTo(address)
  }

  get events(): ChannelEvents {
    return {
      onPacket: packet => this.heard.push(Buffer.from(packet).toString()),
      onState: channel => this.states.push(channel.state),
    }
  }

  /** The old address hears nothing any more. Tells the client nothing. */
  async goTo(address: string): Promise<void> {
    this.#host?.silence()
    this.#host = this.#world.network.host(address)
    const receive = (bytes: Uint8Array, from: UdpEndpoint): void => {
      if (this.client.claims(bytes)) this.client.receive(bytes, from)
    }
    this.#outlet = await this.#host.udp({ address, port: FIRST_PORT }, receive)
  }

  follow(): void {
    this.client.follow([{ relay: relayKeys.tunnelKey, endpoints: [this.#world.at] }])
  }

  open(side: 0 | 1, more: Partial<RelayTicket> = {}): RelayChannel {
    const channel = this.client.open(this.#world.grant(this.keys, side, more), this.events)
    if (channel === undefined) throw new Error('the grant does not read')
    return channel
  }
}

export const say = (channel: RelayChannel, text: string): void =>
  channel.send(Buffer.from(text), channel.endpoint)

/** Two holders on a relay, not bound yet. */
export const couple = async (spec: Partial<WorldSpec> = {}) => {
  const world = new RelayWorld(spec)
  const [alice, bob] = [world.holder(1, '198.51.100.1'), world.holder(2, '203.0.113.2')]
  await Promise.resolve()
  return { world, alice, bob }
}
