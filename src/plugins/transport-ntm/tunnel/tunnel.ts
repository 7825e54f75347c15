/**
 * A WireGuard device without sockets, clock or randomness of its own: datagrams, packets and wake-ups go in,
 * datagrams, packets and events come out through callbacks. It finds the session of an incoming packet in one
 * map from receiver index.
 */

import { idFromBytes, type TunnelKey } from '../../../events/ids.ts'
import type { StaticKey } from './aead.ts'
import { newPeer, receiveInitiation } from './answering.ts'
import { receiveCookieReply, receiveResponse } from './completing.ts'
import { DEFAULT_LIMITS, type TunnelLimits } from './constants.ts'
import { CookieJar } from './cookie.ts'
import { Deadlines } from './deadlines.ts'
import {
  type Device,
  DROP_REASONS,
  type DropReason,
  drop,
  removePeer,
  type TunnelCounters,
  type TunnelEnvironment,
  type TunnelOutput,
} from './device.ts'
import { copyOf, type Endpoint } from './endpoint.ts'
import { openTunnel, repeatInitiation, tryNewEndpoints } from './initiation.ts'
import { KeyedMac } from './keyed-mac.ts'
import { Acquainted, LoadMeter, SourceLimiter } from './load.ts'
import { mac1Key } from './mac.ts'
import { COOKIE_REPLY, DATA, INITIATION, messageType, RESPONSE } from './messages.ts'
import type { Peer, PeerOptions, TunnelPeer } from './peer.ts'
import { PacketScratch } from './scratch.ts'
import { PERSISTENT } from './timers.ts'
import { flushStaged, receiveData, sendPacket, sendPacketTo } from './transport.ts'
import { wakeDue } from './wake.ts'

interface TunnelOptions {
  readonly staticKey: StaticKey
  readonly environment: TunnelEnvironment
  readonly output: TunnelOutput
  /** Counters remembered per session, a multiple of 32: 16,384 between nodes, 2,048 at servers. */
  readonly replayWindow: number
  /** Asked for keys that were not added; `undefined` is silence. The key is valid during the call. */
  readonly admit: (publicKey: Uint8Array, from: Endpoint) => PeerOptions | undefined
  /** Servers: a stranger is only asked about after it has shown that it owns its address. */
  readonly cookieForStrangers: boolean
  /** Whether a first message may go now to a place that has not shown that it is there. Default: it may. */
  readonly mayCall?: ((to: Endpoint) => boolean) | undefined
  /**
   * Peers may not learn where this device is: without a relay nothing goes to them, and nothing that comes is heard,
   * since an answer by a relay would tell them as much. Default: no.
   */
  readonly isHidden?: boolean
  readonly limits?: Partial<TunnelLimits>
}

interface PeerAddition extends PeerOptions {
  readonly publicKey: Uint8Array
}

/** After any call, ask `nextWakeAt` again. */
export interface Tunnel {
  /** Replaces a peer of the same key. */
  addPeer(peer: PeerAddition): TunnelPeer
  removePeer(publicKey: Uint8Array): void
  peer(publicKey: Uint8Array): TunnelPeer | undefined
  /** One message. Whoever receives several datagrams in one piece takes it apart before (`eachDatagram`). */
  receive(bytes: Uint8Array, from: Endpoint): void
  /** Whether a session or a handshake of ours has this receiver index. */
  isLive(index: number): boolean
  /** One inner IP packet; it is copied if it has to wait. */
  send(peer: TunnelPeer, packet: Uint8Array): void
  /**
   * One inner IP packet by one path, now or not at all: to prove a path, or to answer on it. `roomBytes`: the message is
   * padded for as long as it fits in there.
   */
  sendTo(peer: TunnelPeer, packet: Uint8Array, to: Endpoint, roomBytes?: number): boolean
  /** Opens a session, if none is in use, without having anything to send. */
  open(peer: TunnelPeer): void
  /** Opens a session without having anything to send, a new one if one is in use: the peer seems to have lost it. */
  renew(peer: TunnelPeer): void
  /**
   * Sends to this endpoint from now on, and to `alsoTo` as well. `isProven`: it has shown that it is there; one that has
   * not keeps to what it was allowed before, or gets nothing.
   */
  setEndpoint(peer: TunnelPeer, endpoint: Endpoint, alsoTo?: readonly Endpoint[], isProven?: boolean): void
  /** It stays on the table when its keys go, though it was here for a while only. */
  keep(peer: TunnelPeer): void
  /** Repeats the first message of an opening under way. False when there is none. */
  callAgain(peer: TunnelPeer): boolean
  /** Replaces the candidates; an opening under way tries them at once. */
  setCandidates(peer: TunnelPeer, endpoints: readonly Endpoint[]): void
  wake(): void
  /** Monotonic ms of the next deadline; it may turn out to be none. */
  nextWakeAt(): number | undefined
  /** Wipes all keys and forgets all peers. */
  close(): void
  readonly counters: TunnelCounters
}

export function createTunnel(options: TunnelOptions): Tunnel {
  const device = createDevice(options)
  const { environment } = device
  const known = (peer: TunnelPeer): Peer | undefined => device.peers.get(peer.id)
  return {
    addPeer: addition => addPeer(device, addition),
    removePeer: publicKey => withPeer(device, publicKey, peer => removePeer(device, peer)),
    peer: publicKey => device.peers.get(idFromBytes(publicKey)),
    isLive: index => device.sessions.has(index) || device.pending.has(index),
    receive: (bytes, from) => receive(device, bytes, from, environment.now()),
    send(handle, packet) {
      const peer = known(handle)
      const refusal = peer && sendPacket(device, peer, packet, environment.now())
      if (refusal !== undefined) drop(device, refusal)
    },
    sendTo(handle, packet, to, roomBytes) {
      const peer = known(handle)
      return peer !== undefined && sendPacketTo(device, peer, packet, to, environment.now(), roomBytes)
    },
    keep(handle) {
      const peer = known(handle)
      if (peer !== undefined) peer.transient = false
    },
    callAgain(handle) {
      const peer = known(handle)
      return peer !== undefined && repeatInitiation(device, peer)
    },
    open(handle) {
      const peer = known(handle)
      const now = environment.now()
      if (peer !== undefined && !peer.inUse(now, device.limits)) openTunnel(device, peer, now)
    },

    renew(handle) {
      const peer = known(handle)
      if (peer !== undefined) openTunnel(device, peer, environment.now())
    },
    setEndpoint(handle, endpoint, alsoTo, isProven = true) {
      const peer = known(handle)
      if (peer === undefined) return
      peer.adopt(endpoint, 0)
      if (isProven) peer.allowanceBytes = Number.POSITIVE_INFINITY
      peer.alsoTo = alsoTo?.map(copyOf) ?? []
      const now = environment.now()
      if (peer.inUse(now, device.limits)) flushStaged(device, peer, now)
    },
    setCandidates(handle, endpoints) {
      const peer = known(handle)
      if (peer === undefined) return
      peer.endpoints = endpoints.map(copyOf)
      tryNewEndpoints(device, peer, environment.now())
    },
    wake: () => wakeDue(device, environment.now()),
    nextWakeAt: () => device.deadlines.next,
    close() {
      for (const peer of device.peers.values()) removePeer(device, peer)
    },
    counters: device.counters,
  }
}

function createDevice(options: TunnelOptions): Device {
  const limits = { ...DEFAULT_LIMITS, ...options.limits }
  const { publicKey } = options.staticKey
  return {
    staticKey: options.staticKey,
    environment: options.environment,
    output: options.output,
    limits,
    replayWindow: options.replayWindow,
    cookieForStrangers: options.cookieForStrangers,
    mayCall: options.mayCall ?? (() => true),
    isHidden: options.isHidden ?? false,
    admit: options.admit,
    mac1: new KeyedMac(mac1Key(publicKey)),
    jar: new CookieJar(publicKey, bytes => options.environment.random(bytes)),
    load: new LoadMeter(limits.handshakesPerSecond),
    limiter: new SourceLimiter(limits),
    acquainted: new Acquainted(),
    deadlines: new Deadlines(),
    peers: new Map<TunnelKey, Peer>(),
    sessions: new Map(),
    pending: new Map(),
    answers: new Map(),
    sendScratch: new PacketScratch(),
    receiveScratch: new PacketScratch(),
    counters: {
      packetsSent: 0,
      packetsReceived: 0,
      bytesSent: 0,
      bytesReceived: 0,
      initiationsSent: 0,
      handshakesCompleted: 0,
      cookieRepliesSent: 0,
      dropped: Object.fromEntries(DROP_REASONS.map(reason => [reason, 0])) as Record<DropReason, number>,
    },
  }
}

function withPeer(device: Device, publicKey: Uint8Array, act: (peer: Peer) => void): void {
  const peer = device.peers.get(idFromBytes(publicKey))
  if (peer !== undefined) act(peer)
}

function addPeer(device: Device, addition: PeerAddition): TunnelPeer {
  withPeer(device, addition.publicKey, former => removePeer(device, former))
  const peer = newPeer(device, addition.publicKey, addition, addition.transient ?? false)
  device.peers.set(peer.id, peer)
  if ((addition.persistentKeepaliveMs ?? 0) > 0) peer.timers.set(PERSISTENT, device.environment.now())
  return peer
}

function receive(device: Device, bytes: Uint8Array, from: Endpoint, now: number): void {
  const refusal = refusalOf(device, bytes, from, now)
  if (refusal !== undefined) drop(device, refusal)
}

function refusalOf(device: Device, bytes: Uint8Array, from: Endpoint, now: number): DropReason | undefined {
  switch (messageType(bytes)) {
    case DATA:
      return receiveData(device, bytes, from, now)
    case INITIATION:
      return receiveInitiation(device, bytes, from, now)
    case RESPONSE:
      return receiveResponse(device, bytes, from, now)
    case COOKIE_REPLY:
      return receiveCookieReply(device, bytes, from, now)
    default:
      return 'malformed'
  }
}
