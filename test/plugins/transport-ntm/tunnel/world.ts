/**
 * A world of tunnels in virtual time: one clock, one seeded source of chance, and a network that delays, loses,
 * doubles and reorders. Everything that happens in it follows from its seed.
 */

import type { TunnelKey } from '../../../../src/events/ids.ts'
import { type StaticKey, staticKeyOf } from '../../../../src/plugins/transport-ntm/tunnel/aead.ts'
import { DEFAULT_LIMITS, type TunnelLimits } from '../../../../src/plugins/transport-ntm/tunnel/constants.ts'
import type { DropReason, TimestampMemory } from '../../../../src/plugins/transport-ntm/tunnel/device.ts'
import { type Endpoint, endpointKey } from '../../../../src/plugins/transport-ntm/tunnel/endpoint.ts'
import type { PeerOptions, TunnelPeer } from '../../../../src/plugins/transport-ntm/tunnel/peer.ts'
import type { Timestamp } from '../../../../src/plugins/transport-ntm/tunnel/tai64n.ts'
import { createTunnel, type Tunnel } from '../../../../src/plugins/transport-ntm/tunnel/tunnel.ts'

export interface Link {
  readonly lossRate: number
  readonly doubleRate: number
  readonly latencyMs: readonly [least: number, most: number]
  /** Loses handshake messages only, so that every data packet counts. */
  readonly sparesData?: boolean
}

export const GOOD_LINK: Link = { lossRate: 0, doubleRate: 0, latencyMs: [10, 10] }

interface Flight {
  readonly at: number
  readonly order: number
  readonly bytes: Uint8Array
  readonly from: Endpoint
  readonly to: Endpoint
}

export interface NodeOptions {
  readonly name: string
  readonly seed?: number
  readonly endpoint?: Endpoint
  readonly limits?: Partial<TunnelLimits>
  readonly admit?: (publicKey: Uint8Array, from: Endpoint) => PeerOptions | undefined
  readonly cookieForStrangers?: boolean
  readonly mayCall?: (to: Endpoint) => boolean
  readonly isHidden?: boolean
  readonly timestamps?: TimestampMemory
  /** Adopt every new source, as a shell without a path layer does. */
  readonly roams?: boolean
  /** Ask at every new source whether anybody is there, as a path layer does. */
  readonly asks?: boolean
}

export interface WorldNode {
  readonly name: string
  readonly staticKey: StaticKey
  readonly tunnel: Tunnel
  readonly timestamps: TimestampMemory
  /** Where its datagrams come from; what is sent to any address in `addresses` reaches it. */
  endpoint: Endpoint
  readonly addresses: Set<string>
  readonly delivered: string[]
  /** Of the packets delivered, bytes. */
  readonly lengths: number[]
  readonly drops: DropReason[]
  readonly events: string[]
  /** Every datagram it sent, with the time. */
  readonly sent: { readonly at: number; readonly bytes: Uint8Array; readonly to: Endpoint }[]
}

/** A small seeded generator (mulberry32): tests need chance that repeats. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000
  }
}

export function memoryOfTimestamps(): TimestampMemory {
  let sent: Uint8Array | undefined
  const received = new Map<TunnelKey, Timestamp>()
  return {
    loadSent: () => sent,
    saveSent(timestamp) {
      sent = timestamp
    },
    loadReceived: key => received.get(key),
    saveReceived: (key, timestamp) => void received.set(key, timestamp),
  }
}

/** An IPv4 packet that carries a text. */
export function ipPacket(text: string): Uint8Array {
  const body = new TextEncoder().encode(text)
  const packet = new Uint8Array(20 + body.length)
  packet[0] = 0x45
  packet[2] = packet.length >> 8
  packet[3] = packet.length
  packet.set(body, 20)
  return packet
}

const textOf = (packet: Uint8Array): string => new TextDecoder().decode(packet.subarray(20))

export class World {
  now = 1_000_000
  wallOffset = 1_700_000_000_000
  link: Link = GOOD_LINK
  readonly chance: () => number
  readonly nodes: WorldNode[] = []
  readonly #flights: Flight[] = []
  #order = 0

  constructor(seed = 1) {
    this.chance = seeded(seed)
  }

  randomBytes(count: number): Uint8Array {
    return Uint8Array.from({ length: count }, () => Math.floor(this.chance() * 256))
  }

  node(options: NodeOptions): WorldNode {
    const secret = new Uint8Array(32).fill(options.seed ?? this.nodes.length + 1)
    const endpoint = options.endpoint ?? { address: `10.0.0.${this.nodes.length + 1}`, port: 51_820 }
    const timestamps = options.timestamps ?? memoryOfTimestamps()
    const node: WorldNode = {
      name: options.name,
      staticKey: staticKeyOf(secret),
      tunnel: this.#tunnel(options, secret, timestamps, () => node),
      timestamps,
      endpoint,
      addresses: new Set([endpointKey(endpoint)]),
      delivered: [],
      lengths: [],
      drops: [],
      events: [],
      sent: [],
    }
    this.nodes.push(node)
    return node
  }

  /** Takes the node off the network for good; another may come back under its key. */
  stop(node: WorldNode): void {
    this.nodes.splice(this.nodes.indexOf(node), 1)
  }

  /** Lets everything happen until `ms` have passed. */
  run(ms: number): void {
    const end = this.now + ms
    for (;;) {
      const wakes = this.nodes.map(node => node.tunnel.nextWakeAt() ?? Number.POSITIVE_INFINITY)
      const at = Math.min(this.#flights[0]?.at ?? Number.POSITIVE_INFINITY, ...wakes)
      if (at > end) break
      this.now = Math.max(this.now, at)
      if (this.#flights[0] !== undefined && this.#flights[0].at <= this.now) this.#land()
      for (const node of [...this.nodes]) {
        if ((node.tunnel.nextWakeAt() ?? Number.POSITIVE_INFINITY) > this.now) continue
        node.tunnel.wake()
        const next = node.tunnel.nextWakeAt()
        if (next !== undefined && next <= this.now) throw new Error(`${node.name} is due again at once`)
      }
    }
    this.now = end
  }

  /** Puts a datagram on the network as if `from` had sent it. */
  inject(bytes: Uint8Array, from: Endpoint, to: Endpoint, delayMs = 0): void {
    const flight = { at: this.now + delayMs, order: this.#order++, bytes: bytes.slice(), from, to }
    const later = this.#flights.findIndex(
      other => other.at > flight.at || (other.at === flight.at && other.order > flight.order),
    )
    this.#flights.splice(later < 0 ? this.#flights.length : later, 0, flight)
  }

  #tunnel(
    options: NodeOptions,
    secret: Uint8Array,
    timestamps: TimestampMemory,
    node: () => WorldNode,
  ): Tunnel {
    return createTunnel({
      staticKey: staticKeyOf(secret),
      replayWindow: 16_384,
      admit: options.admit ?? (() => undefined),
      cookieForStrangers: options.cookieForStrangers ?? false,
      mayCall: options.mayCall,
      isHidden: options.isHidden ?? false,
      limits: { ...DEFAULT_LIMITS, ...options.limits },
      environment: {
        now: () => this.now,
        wallMs: () => this.now + this.wallOffset,
        random: count => this.randomBytes(count),
        timestamps,
      },
      output: {
        transmit: (bytes, to) => this.#transmit(node(), bytes, to),
        deliver(packet) {
          node().delivered.push(textOf(packet))
          node().lengths.push(packet.length)
        },
        established: peer => node().events.push(`established ${peer.endpoint?.address}`),
        handshakeFailed: () => node().events.push('handshakeFailed'),
        newSource: (peer, from) => this.#newSource(options, node(), peer, from),
        forgotten: () => node().events.push('forgotten'),
        dropped: reason => node().drops.push(reason),
      },
    })
  }

  #newSource(options: NodeOptions, node: WorldNode, peer: TunnelPeer, from: Endpoint): void {
    node.events.push(`newSource ${from.address}`)
    if (options.roams ?? false) node.tunnel.setEndpoint(peer, from)
    if (options.asks ?? false) node.tunnel.sendTo(peer, ipPacket('who is there?'), from)
  }

  #transmit(node: WorldNode, bytes: Uint8Array, to: Endpoint): void {
    node.sent.push({ at: this.now, bytes: bytes.slice(), to })
    if (to.via !== undefined) {
      to.via.send(bytes.slice(), to)
      return
    }
    const [least, most] = this.link.latencyMs
    const copies = this.chance() < this.link.doubleRate ? 2 : 1
    for (let copy = 0; copy < copies; copy++) {
      const spared = bytes[0] === 4 && (this.link.sparesData ?? false)
      if (!spared && this.chance() < this.link.lossRate) continue
      this.inject(bytes, node.endpoint, to, least + this.chance() * (most - least))
    }
  }

  #land(): void {
    const flight = this.#flights.shift()!
    const key = endpointKey(flight.to)
    const target = this.nodes.find(node => node.addresses.has(key))
    target?.tunnel.receive(flight.bytes, flight.from)
  }
}

/** Two nodes that know each other's key and address. */
export function pair(
  world: World,
  options: {
    readonly a?: Partial<NodeOptions & PeerOptions>
    readonly b?: Partial<NodeOptions & PeerOptions>
  } = {},
): { a: WorldNode; b: WorldNode; toB: TunnelPeer; toA: TunnelPeer } {
  const a = world.node({ name: 'a', ...options.a })
  const b = world.node({ name: 'b', ...options.b })
  const toB = a.tunnel.addPeer({
    publicKey: b.staticKey.publicKey,
    endpoints: [b.endpoint],
    ...peerPart(options.a),
  })
  const toA = b.tunnel.addPeer({
    publicKey: a.staticKey.publicKey,
    endpoints: [a.endpoint],
    ...peerPart(options.b),
  })
  return { a, b, toB, toA }
}

function peerPart(options: Partial<NodeOptions & PeerOptions> = {}): PeerOptions {
  const { presharedKey, persistentKeepaliveMs, plain, challenged, endpoints, mayKnowPlace } = options
  return {
    ...(presharedKey && { presharedKey }),
    ...(persistentKeepaliveMs && { persistentKeepaliveMs }),
    ...(plain && { plain }),
    ...(challenged && { challenged }),
    ...(endpoints && { endpoints }),
    ...(mayKnowPlace && { mayKnowPlace }),
  }
}
