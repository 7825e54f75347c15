/**
 * The state that all parts of one tunnel device share, and what the device asks of its surroundings. The parts
 * are functions over this record; none of them keeps state of its own.
 */

import type { TunnelKey } from '../../../events/ids.ts'
import type { StaticKey } from './aead.ts'
import { ANSWER_KEPT_MS, type TunnelLimits } from './constants.ts'
import type { CookieJar } from './cookie.ts'
import type { Deadlines } from './deadlines.ts'
import { type Endpoint, isByRelay } from './endpoint.ts'
import type { KeyedMac } from './keyed-mac.ts'
import type { Acquainted, LoadMeter, SourceLimiter } from './load.ts'
import { readUint32 } from './messages.ts'
import type { Answer, Peer, PeerOptions, PeerSession, TunnelPeer } from './peer.ts'
import type { PacketScratch } from './scratch.ts'
import type { Timestamp } from './tai64n.ts'
import type { PeerTimers } from './timers.ts'

/** Greatest TAI64N timestamps, kept across restarts. */
export interface TimestampMemory {
  /** The last one we sent, to anyone; 12 bytes. */
  loadSent(): Uint8Array | undefined
  saveSent(timestamp: Uint8Array): void
  /** The last one a peer sent us. */
  loadReceived(peer: TunnelKey): Timestamp | undefined
  saveReceived(peer: TunnelKey, timestamp: Timestamp): void
}

export interface TunnelEnvironment {
  /** Monotonic milliseconds. */
  now(): number
  /** Wall clock in milliseconds since 1970. */
  wallMs(): number
  /** Fresh unpredictable bytes that the tunnel may keep and wipe. */
  random(bytes: number): Uint8Array
  readonly timestamps: TimestampMemory
}

/** Why bytes or packets came to nothing. */
export const DROP_REASONS = [
  'malformed',
  'badMac',
  'cookieDemanded',
  'rateLimited',
  'forged',
  'stranger',
  'tableFull',
  'replayedTimestamp',
  'flood',
  'unknownIndex',
  'hidden',
  'expired',
  'replayed',
  'notIp',
  'noEndpoint',
  'stagedOverflow',
  'attemptOver',
  'tooLarge',
] as const
export type DropReason = (typeof DROP_REASONS)[number]

/**
 * Where the device's outputs go. Bytes handed over are valid only during the call. A callback may call `send`
 * and the peer operations of the tunnel, but not `receive`.
 */
export interface TunnelOutput {
  transmit(bytes: Uint8Array, to: Endpoint): void
  /** An authentic inner IP packet, without padding. Its addresses are not checked here. */
  deliver(packet: Uint8Array, peer: TunnelPeer, from: Endpoint): void
  /** A new session carries packets: the first one, and every rekey. `from`: where the handshake came from last. */
  established?(peer: TunnelPeer, from: Endpoint): void
  /** No answer in a whole attempt; what was waiting is gone. */
  handshakeFailed?(peer: TunnelPeer): void
  /** A node sent authentic, newest data from an address that is not its endpoint (SPEC.md §3). */
  newSource?(peer: TunnelPeer, from: Endpoint, bytes: number): void
  /** A transient peer left the table. */
  forgotten?(peer: TunnelPeer): void
  dropped?(reason: DropReason): void
}

export interface TunnelCounters {
  /** Data packets and their inner bytes. */
  packetsSent: number
  packetsReceived: number
  bytesSent: number
  bytesReceived: number
  initiationsSent: number
  handshakesCompleted: number
  cookieRepliesSent: number
  readonly dropped: Record<DropReason, number>
}

export interface Device {
  readonly staticKey: StaticKey
  readonly environment: TunnelEnvironment
  readonly output: TunnelOutput
  readonly limits: TunnelLimits
  readonly replayWindow: number
  readonly cookieForStrangers: boolean
  readonly mayCall: (to: Endpoint) => boolean
  readonly isHidden: boolean
  readonly admit: (publicKey: Uint8Array, from: Endpoint) => PeerOptions | undefined
  /** Judges mac1 on messages to us. */
  readonly mac1: KeyedMac
  readonly jar: CookieJar
  readonly load: LoadMeter
  readonly limiter: SourceLimiter
  readonly acquainted: Acquainted
  readonly deadlines: Deadlines<PeerTimers<Peer>>
  readonly peers: Map<TunnelKey, Peer>
  /** Every live receiver index: of sessions, and of initiations without answer. */
  readonly sessions: Map<number, PeerSession>
  readonly pending: Map<number, Peer>
  /** Recent answers by the ephemeral key of the initiation. */
  readonly answers: Map<number, { readonly peer: Peer; readonly answer: Answer }>
  readonly sendScratch: PacketScratch
  readonly receiveScratch: PacketScratch
  readonly counters: TunnelCounters
}

export function drop(device: Device, reason: DropReason): void {
  device.counters.dropped[reason] += 1
  device.output.dropped?.(reason)
}

/**
 * Whether packets may go between this device and a peer there. Who is hidden meets others by relays only, which are
 * outlets of their own; `peer` undefined: it is not known yet who is there.
 */
export const mayPass = (device: Device, peer: Peer | undefined, at: Endpoint): boolean =>
  !device.isHidden || isByRelay(at) || peer?.mayKnowPlace === true

/** The only way out. */
export function transmit(device: Device, peer: Peer | undefined, bytes: Uint8Array, to: Endpoint): void {
  if (mayPass(device, peer, to)) device.output.transmit(bytes, to)
}

/** An index that no session and no initiation holds. */
export function freeIndex(device: Device): number {
  for (;;) {
    const bytes = device.environment.random(4)
    const index = (bytes[0]! | (bytes[1]! << 8) | (bytes[2]! << 16) | (bytes[3]! << 24)) >>> 0
    if (!device.sessions.has(index) && !device.pending.has(index)) return index
  }
}

/** Wipes sessions that fell out of their last slot. */
export function endSessions(device: Device, sessions: readonly PeerSession[]): void {
  for (const session of sessions) {
    device.sessions.delete(session.localIndex)
    session.wipe()
  }
}

export function endHandshake(device: Device, peer: Peer): void {
  const index = peer.takeHandshake()
  if (index !== undefined) device.pending.delete(index)
}

/** Wipes everything secret that was negotiated with the peer, and whatever waited for it. Deadlines stay. */
export function wipePeer(device: Device, peer: Peer): void {
  endSessions(device, peer.takeSessions())
  endHandshake(device, peer)
  forgetAnswer(device, peer)
  peer.staged.length = 0
}

/** Whether the peer is still on the table: a callback may have removed it. */
export const isKnown = (device: Device, peer: Peer): boolean => device.peers.get(peer.id) === peer

/** Takes the peer off the table. */
export function removePeer(device: Device, peer: Peer): void {
  wipePeer(device, peer)
  device.deadlines.remove(peer.timers)
  device.peers.delete(peer.id)
}

/** Forgets the answers that are too old to be given again; they are in order of age. */
export function forgetOldAnswers(device: Device, now: number): void {
  for (const { peer, answer } of device.answers.values()) {
    if (now - answer.at < ANSWER_KEPT_MS) return
    forgetAnswer(device, peer)
  }
}

/** 52 bits of the ephemeral key; whoever looks something up compares the whole. */
export const answerKey = (initiation: Uint8Array): number =>
  readUint32(initiation, 8) + (readUint32(initiation, 12) >>> 12) * 2 ** 32

export function forgetAnswer(device: Device, peer: Peer): void {
  if (peer.answer === undefined) return
  const key = answerKey(peer.answer.initiation)
  if (device.answers.get(key)?.peer === peer) device.answers.delete(key)
  peer.answer = undefined
}
