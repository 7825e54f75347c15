/**
 * Ties the three sans-IO layers to the network: UDP sockets below, the WireGuard tunnel, the virtual IP stack on
 * top. A node and a coordinator use the same carrier; they differ in whom they let in. A packet costs no object
 * here; whose it is was looked up once, when it came out of its tunnel.
 */
import { idToBytes, type TunnelKey } from '../../events/ids.ts'
import type { Result } from '../../events/result.ts'
import type { Clock, Keys, Network, Outlet, Random, UdpEndpoint, UdpSocket } from '../../kernel/api/index.ts'
import { Alarm } from './alarm.ts'
import type { ExtraSocket } from './extra-socket.ts'
import type { Neighbour, Way } from './neighbour.ts'
import { Neighbours } from './neighbours.ts'
import { type VirtualAddress, virtualIpv6 } from './net/address.ts'
import { protocolOf } from './net/ip.ts'
import { INNER_MTU } from './net/limits.ts'
import { PROTOCOL } from './net/packet.ts'
import { PORTS } from './net/ports.ts'
import { createStack, type SendRefusal, type Stack } from './net/stack.ts'
import { PACKET_MAX_BYTES } from './net/tcp/limits.ts'
import type { OnPayload, Port } from './port.ts'
import { ROLES } from './roles.ts'
import { eachDatagram } from './tunnel/coalesced.ts'
import type { TimestampMemory } from './tunnel/device.ts'
import { sameEndpoint } from './tunnel/endpoint.ts'
import type { PeerOptions, TunnelPeer } from './tunnel/peer.ts'
import { createTunnel, type Tunnel } from './tunnel/tunnel.ts'

export interface CarrierOptions {
  readonly network: Network
  readonly clock: Clock
  readonly random: Random
  readonly keys: Keys
  readonly timestamps: TimestampMemory
  /** Servers take strangers after a cookie; nodes take only keys that they were told of. */
  readonly role: 'node' | 'server'
  /** Peers may not learn where this device is. Default: no. */
  readonly isHidden?: boolean
  readonly admit: (key: TunnelKey, from: UdpEndpoint) => PeerOptions | undefined
  /** Whether a first message may go now to a place that has not shown that a peer is there. */
  readonly mayCall?: (to: UdpEndpoint) => boolean
  /** `from`: where the handshake came from last, not always where packets go. */
  readonly onEstablished: (neighbour: Neighbour, from: UdpEndpoint) => void
  readonly onFailed: (neighbour: Neighbour) => void
  readonly onNewSource?: (neighbour: Neighbour, from: UdpEndpoint, bytes: number) => void
  /**
   * Something other than control messages goes to or comes from a neighbour after a second without; `quietMs`: how
   * long there was none either way.
   */
  readonly onTraffic?: (neighbour: Neighbour, quietMs: number) => void
  /** Its keys are gone, and so is everything that was known of it here. */
  readonly onForgotten?: (neighbour: Neighbour) => void
  /** Long packets to a neighbour seem to be lost. */
  readonly onMtuSuspected?: (neighbour: Neighbour) => void
  /** Sees every datagram first; true: it was not for the tunnel. */
  readonly onFrame?: (bytes: Uint8Array, from: UdpEndpoint) => boolean
  /** Another way to this place, while the ordinary socket does not get there. */
  readonly detourTo?: (to: UdpEndpoint) => Outlet | undefined
}

/** What opens a NAT means nothing to anybody who gets it after all. */
const KNOCK = Uint8Array.of(0)

export class Carrier {
  readonly tunnel: Tunnel
  readonly stack: Stack
  /** This device's virtual IPv6. */
  readonly address: Uint8Array
  readonly #options: CarrierOptions
  #sockets: UdpSocket[] = []
  /** The ordinary sockets, also where there is a detour. */
  readonly byUdp: Outlet = { send: (bytes, to) => this.#socketFor(to)?.send(bytes, to) }
  /** One for each peer of the tunnel, and bounded with them. */
  readonly #neighbours = new Neighbours()
  /** By reasons, all of which are words of this program. */
  readonly #dropped = new Map<string, number>()
  /** Whose packet is in hand: where the stack's next emission goes. */
  #inHand: Neighbour | undefined
  readonly mtuChanged$ = this.#neighbours.mtuChanged$
  /** By which path it goes, if not by the one in use. */
  #by: UdpEndpoint | undefined
  /** How long its message shall be then; padding fills it. */
  #roomBytes = 0
  #isSentBy = false
  /** Something came, and more may belong to it. */
  #isTaking = false
  readonly #alarm: Alarm

  constructor(options: CarrierOptions) {
    this.#options = options
    const publicKey = idToBytes(options.keys.tunnelKey)
    this.address = virtualIpv6(publicKey)
    this.stack = this.#makeStack()
    this.tunnel = this.#makeTunnel(publicKey)
    this.#alarm = new Alarm(options.clock, [this.tunnel, this.stack])
  }

  #makeStack(): Stack {
    const { clock, random } = this.#options
    return createStack({
      addresses: { ipv6: this.address },
      emit: (packet, to) => this.#emit(packet, to),
      dropped: reason => this.count(reason),
      now: () => clock.monotonicMs(),
      random: count => random.bytes(count),
      mtuTo: to => this.#neighbours.at(to)?.mtuBytes ?? INNER_MTU,
      mtuMax: PACKET_MAX_BYTES,
      onWakeAt: () => this.#alarm.set(),
      later: flush => {
        if (!this.#isTaking) queueMicrotask(flush)
      },
      onSilence: to => this.suspectMtu(this.#neighbours.at(to)),
    })
  }

  #makeTunnel(publicKey: Uint8Array): Tunnel {
    const options = this.#options
    const { clock, keys, random, role } = options
    return createTunnel({
      staticKey: { publicKey, agree: theirs => keys.agreeTunnel(theirs) },
      environment: {
        now: () => clock.monotonicMs(),
        wallMs: () => clock.now(),
        random: count => random.bytes(count),
        timestamps: options.timestamps,
      },
      output: {
        transmit: (bytes, to) => this.transmit(bytes, to),
        deliver: (packet, peer, from) => this.#take(packet, peer, from),
        established: (peer, from) => options.onEstablished(this.#neighbours.of(peer), from),
        handshakeFailed: peer => options.onFailed(this.#neighbours.of(peer)),
        newSource: (peer, from, bytes) => options.onNewSource?.(this.#neighbours.of(peer), from, bytes),
        forgotten: peer => this.#forget(peer),
        dropped: reason => this.count(reason),
      },
      replayWindow: ROLES[role].replayWindow,
      limits: ROLES[role].limits,
      admit: (key, from) => options.admit(Buffer.from(key).toString('hex') as TunnelKey, from),
      cookieForStrangers: role === 'server',
      mayCall: options.mayCall,
      isHidden: options.isHidden ?? false,
    })
  }

  /** Opens one more socket; the first of each address family is used. Rejects with PORT_IN_USE. */
  async listen(local: UdpEndpoint): Promise<UdpEndpoint> {
    const isLive = (index: number): boolean => this.tunnel.isLive(index)
    const take = (bytes: Uint8Array, from: UdpEndpoint): void => this.#arrived(bytes, from)
    const receive = (bytes: Uint8Array, from: UdpEndpoint): void => {
      this.#isTaking = true
      eachDatagram(bytes, isLive, take, from)
    }
    const socket = await this.#options.network.udp(local, receive, {
      coalesced: true,
      settled: this.#settled,
    })
    this.#sockets.push(socket)
    return socket.local
  }

  /** What came together is taken: TCP answers once. */
  readonly #settled = (): void => {
    this.#isTaking = false
    this.stack.flush()
    this.#alarm.set()
  }

  #setAlarm(): void {
    if (!this.#isTaking) this.#alarm.set()
  }

  /** One datagram that came by whatever way. */
  take(bytes: Uint8Array, from: UdpEndpoint): void {
    this.#arrived(bytes, from)
    this.#setAlarm()
  }

  #arrived(bytes: Uint8Array, from: UdpEndpoint): void {
    if (this.#options.onFrame?.(bytes, from) !== true) this.tunnel.receive(bytes, from)
  }

  /** One message for the tunnel, out of a relay's frame. */
  receive(bytes: Uint8Array, from: UdpEndpoint): void {
    this.tunnel.receive(bytes, from)
    this.#setAlarm()
  }

  /** One datagram out of the socket of its family, or by the way that the endpoint names. */
  transmit(bytes: Uint8Array, to: UdpEndpoint): void {
    const via = to.via ?? this.#options.detourTo?.(to) ?? this.#socketFor(to)
    via?.send(bytes, to)
  }

  /** Opens the own NAT towards a place with one byte that dies on its way there. */
  knock(to: UdpEndpoint, hopLimit: number): void {
    this.#socketFor(to)?.send(KNOCK, to, hopLimit)
  }

  /** One more socket, which only endpoints that name it use. Rejects with PORT_IN_USE. */
  async extraSocket(address: string): Promise<ExtraSocket> {
    const outlet = { isSocket: true, send: (bytes: Uint8Array, to: UdpEndpoint) => socket.send(bytes, to) }
    const receive = (bytes: Uint8Array, { address, port }: UdpEndpoint): void => {
      this.#isTaking = true
      this.#arrived(bytes, { address, port, via: outlet })
    }
    const socket = await this.#options.network.udp({ address, port: 0 }, receive, { settled: this.#settled })
    return {
      outlet,
      knock: (to, hopLimit) => socket.send(KNOCK, to, hopLimit),
      close: () => socket.close(),
    }
  }

  /** Where the sockets are bound. */
  get locals(): readonly UdpEndpoint[] {
    return this.#sockets.map(socket => socket.local)
  }

  /** Packets that came to nothing, by reason. */
  get dropped(): ReadonlyMap<string, number> {
    return this.#dropped
  }

  neighbour(key: TunnelKey): Neighbour | undefined {
    const peer = this.tunnel.peer(idToBytes(key))
    return peer === undefined ? undefined : this.#neighbours.of(peer)
  }

  /** The neighbour with this key, made known to the tunnel if it is not yet. */
  meet(key: TunnelKey, options: PeerOptions): Neighbour {
    const known = this.neighbour(key)
    if (known !== undefined) return known
    this.#makeRoom()
    return this.#neighbours.of(this.tunnel.addPeer({ ...options, publicKey: idToBytes(key) }))
  }

  /** Forgets a neighbour and its keys: nothing more comes from it or goes to it. */
  forget(neighbour: Neighbour): void {
    this.tunnel.removePeer(neighbour.peer.publicKey)
    this.#forget(neighbour.peer)
  }

  /** Starts a handshake in any case: whatever session there is, the other side does not answer on it. */
  renew(neighbour: Neighbour): void {
    this.tunnel.renew(neighbour.peer)
    this.#setAlarm()
  }

  /** Starts a handshake unless there is a session that can still be sent by. */
  open(neighbour: Neighbour): void {
    this.tunnel.open(neighbour.peer)
    this.#setAlarm()
  }

  /** Gives a neighbour more places to be tried at; a handshake under way tries them at once. */
  hint(neighbour: Neighbour, endpoints: readonly UdpEndpoint[]): void {
    this.tunnel.setCandidates(neighbour.peer, endpoints)
    this.#setAlarm()
  }

  /** The longest packet that goes to a neighbour is another one now. */
  setMtu(neighbour: Neighbour, bytes: number): void {
    if (this.#neighbours.setMtu(neighbour, bytes)) this.stack.tcp.pathMtuChanged(neighbour.address)
  }

  /** Whoever sends long packets to a neighbour has reason to think that they do not arrive: it is looked at. */
  suspectMtu(neighbour: Neighbour | undefined): void {
    if (neighbour !== undefined && neighbour.mtuBytes > INNER_MTU) this.#options.onMtuSuspected?.(neighbour)
  }

  bind(port: number, receive: OnPayload): Port {
    const socket = this.stack.bind(port, (payload, _from, fromPort) => {
      const from = this.#inHand
      if (from === undefined) return
      if (port !== PORTS.control) this.#noteTalk(from, 'receivedMs')
      receive(payload, from, fromPort)
    })
    return {
      send: (to, toPort, payload) => this.send(port, to, toPort, payload),
      close: () => socket.close(),
    }
  }

  /** Who has this virtual address. */
  neighbourAt(address: VirtualAddress): Neighbour | undefined {
    return this.#neighbours.at(address)
  }

  /** Sends one datagram now or says why not; nobody need listen on the port that it leaves from. */
  send(fromPort: number, to: Neighbour, toPort: number, payload: Uint8Array): Result<void, SendRefusal> {
    const before = this.#inHand
    this.#inHand = to
    if (fromPort !== PORTS.control) this.#noteTalk(to, 'sentMs')
    try {
      return this.stack.send(fromPort, to.address, toPort, payload)
    } finally {
      this.#inHand = before
      this.#setAlarm()
    }
  }

  /** One control message by one path, whichever is in use, to prove it or to answer on it. False: it may not go now. */
  sendBy(path: UdpEndpoint, to: Neighbour, payload: Uint8Array, roomBytes = 0): boolean {
    this.#by = path
    this.#roomBytes = roomBytes
    this.#isSentBy = false
    try {
      this.send(PORTS.control, to, PORTS.control, payload)
      return this.#isSentBy
    } finally {
      this.#by = undefined
    }
  }

  /** One echo; `onReply` may never come. Returns how to stop listening for it. */
  echo(to: Neighbour, id: number, onReply: () => void): () => void {
    const pinger = this.stack.ping(to.address, id, onReply)
    this.#noteTalk(to, 'sentMs')
    const before = this.#inHand
    this.#inHand = to
    try {
      pinger.send(0, new Uint8Array(0))
    } finally {
      this.#inHand = before
      this.#setAlarm()
    }
    return () => pinger.close()
  }

  async close(): Promise<void> {
    this.stack.tcp.close()
    this.#alarm.close()
    this.tunnel.close()
    await Promise.all(this.#sockets.map(socket => socket.close()))
    this.#sockets = []
  }

  #take(packet: Uint8Array, peer: TunnelPeer, from: UdpEndpoint): void {
    const neighbour = this.#neighbours.of(peer)
    const now = this.#options.clock.monotonicMs()
    neighbour.heardMs = now
    neighbour.source = from
    if (peer.endpoint !== undefined && sameEndpoint(from, peer.endpoint)) neighbour.heardHereMs = now
    if (protocolOf(packet) === PROTOCOL.tcp) this.#noteTalk(neighbour, 'receivedMs', now)
    const before = this.#inHand
    this.#inHand = neighbour
    try {
      this.stack.receive(packet, neighbour)
    } finally {
      this.#inHand = before
    }
  }

  /** What TCP sends by itself is for whoever has the address; all else is for whose packet is in hand. */
  #emit(packet: Uint8Array, address: VirtualAddress): void {
    const isTcp = protocolOf(packet) === PROTOCOL.tcp
    const to = isTcp ? this.#neighbours.at(address) : this.#inHand
    if (to === undefined) return
    if (isTcp) this.#noteTalk(to, 'sentMs')
    if (this.#by === undefined) this.#send(to, packet)
    else this.#isSentBy = this.tunnel.sendTo(to.peer, packet, this.#by, this.#roomBytes)
  }

  #send(to: Neighbour, packet: Uint8Array): void {
    if (packet.length > INNER_MTU) to.largeSentMs = to.sentMs
    this.tunnel.send(to.peer, packet)
  }

  #noteTalk(neighbour: Neighbour, way: Way, nowMs = this.#options.clock.monotonicMs()): void {
    const quietMs = neighbour.noteTalk(way, nowMs)
    if (quietMs !== undefined) this.#options.onTraffic?.(neighbour, quietMs)
  }

  #forget(peer: TunnelPeer): void {
    const neighbour = this.#neighbours.remove(peer)
    if (neighbour !== undefined) this.#options.onForgotten?.(neighbour)
  }

  /** Whoever directs us to others must not be able to fill our tables. */
  #makeRoom(): void {
    if (this.#neighbours.size < ROLES[this.#options.role].neighboursMax) return
    const guest = this.#neighbours.oldestGuest
    if (guest !== undefined) this.forget(guest)
  }

  #socketFor(to: UdpEndpoint): UdpSocket | undefined {
    const wantsIpv6 = to.address.includes(':')
    for (const socket of this.#sockets) if (socket.local.address.includes(':') === wantsIpv6) return socket
    return undefined
  }

  /** One more thing that came to nothing. */
  count(reason: string): void {
    this.#dropped.set(reason, (this.#dropped.get(reason) ?? 0) + 1)
  }
}
