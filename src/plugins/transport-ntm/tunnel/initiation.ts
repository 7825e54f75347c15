/**
 * Opening a tunnel: when to send a first message, to whom, and when to give up (paper §6.4). A node's first
 * message goes to all its candidate endpoints at once, unchanged, so that whichever path works first carries
 * the session (SPEC.md §1).
 */

import {
  COOKIE_LIFETIME_MS,
  IDENTIFIER,
  KEY_BYTES,
  type TunnelLimits,
  ZERO_AFTER_REJECTS,
} from './constants.ts'
import { type Device, drop, endHandshake, freeIndex, isKnown, transmit } from './device.ts'
import { type Endpoint, isByRelay, sameEndpoint } from './endpoint.ts'
import { stampMacs } from './mac.ts'
import { encodeInitiation } from './messages.ts'
import { writeInitiation } from './noise.ts'
import type { Peer } from './peer.ts'
import { nextTimestamp } from './tai64n.ts'
import { KEEPALIVE, OPEN, RETRANSMIT, ZERO } from './timers.ts'

export const PROLOGUE = new TextEncoder().encode(IDENTIFIER)

/** Starts an attempt unless one is under way; first messages keep their distance. */
export function openTunnel(device: Device, peer: Peer, now: number): void {
  const { timers } = peer
  if (timers.isSet(RETRANSMIT) || timers.isSet(OPEN) || !isKnown(device, peer)) return
  const earliest = peer.handshakeSentAt + device.limits.rekeyTimeoutMs
  if (earliest > now) timers.set(OPEN, earliest)
  else startAttempt(device, peer, now)
}

/** Begins the time after which an unanswered opening is given up. */
export function startAttempt(device: Device, peer: Peer, now: number): void {
  peer.attemptStartedAt = now
  peer.attempts = 0
  sendInitiation(device, peer, now)
}

/** The answer did not come: tries again, or gives up and says so. */
export function retryInitiation(device: Device, peer: Peer, now: number): void {
  if (now - peer.attemptStartedAt < device.limits.rekeyAttemptMs) sendInitiation(device, peer, now)
  else abandonAttempt(device, peer, now)
}

/** Sends the message of the attempt under way, the same one, to endpoints that were just learned. */
export function tryNewEndpoints(device: Device, peer: Peer, now: number): void {
  if (!peer.timers.isSet(RETRANSMIT)) return
  const pending = peer.handshake
  if (pending === undefined) sendInitiation(device, peer, now)
  else if (!peer.plain) {
    for (const endpoint of peer.endpoints) {
      if (pending.sentTo.some(tried => sameEndpoint(tried, endpoint))) continue
      pending.sentTo.push(endpoint)
      call(device, peer, pending.message, endpoint)
    }
  }
}

/** Sends the message of the opening under way once more, to wherever it went: no session is lost by repeating it. */
export function repeatInitiation(device: Device, peer: Peer): boolean {
  const pending = peer.handshake
  if (pending === undefined || peer.plain) return false
  for (const endpoint of pending.sentTo) call(device, peer, pending.message, endpoint)
  return true
}

/** Somebody else's word for where a peer is must not have us call there as often as they like. */
function call(device: Device, peer: Peer, message: Uint8Array, to: Endpoint): void {
  const isFree = !peer.challenged || isByRelay(to)
  const isKnown = peer.isProven && peer.endpoint !== undefined && sameEndpoint(peer.endpoint, to)
  if (isFree || isKnown || device.mayCall(to)) transmit(device, peer, message, to)
}

function sendInitiation(device: Device, peer: Peer, now: number): void {
  if (!isKnown(device, peer)) return
  const { environment, limits } = device
  peer.timers.initiationSent(now, environment.random(2), peer.attempts)
  const targets = targetsOf(peer, now, limits)
  peer.attempts += 1
  if (targets.length === 0) {
    drop(device, 'noEndpoint')
    return
  }

  endHandshake(device, peer)
  const payload = nextTimestamp(environment.wallMs(), environment.timestamps.loadSent())
  environment.timestamps.saveSent(payload)
  const written = writeInitiation({
    staticKey: device.staticKey,
    responder: peer.publicKey,
    ephemeralSecret: environment.random(KEY_BYTES),
    prologue: PROLOGUE,
    payload,
  })
  if (!written.ok) {
    abandonAttempt(device, peer, now)
    return
  }

  const localIndex = freeIndex(device)
  const message = encodeInitiation(localIndex, written.value.message)
  stampMacs(message, peer.mac1Key, freshCookie(peer, now))
  peer.handshake = {
    localIndex,
    initiated: written.value.initiated,
    message,
    sentTo: [...targets],
    cookieUsed: false,
    isAnswerRead: false,
  }
  device.pending.set(localIndex, peer)
  peer.handshakeSentAt = now
  peer.timers.authenticatedSent(now)
  device.counters.initiationsSent += 1
  for (const target of targets) call(device, peer, message, target)
}

/** All endpoints at once, or one after another for a plain peer; a rekey tries the endpoint in use first. */
function targetsOf(peer: Peer, now: number, limits: TunnelLimits): readonly Endpoint[] {
  const all = peer.allEndpoints
  const firstOfRekey = peer.attempts === 0 && peer.inUse(now, limits)
  if (!peer.plain && (!firstOfRekey || peer.alsoTo.length > 0)) return all
  return all.length === 0 ? all : [all[peer.attempts % all.length]!]
}

function abandonAttempt(device: Device, peer: Peer, now: number): void {
  endHandshake(device, peer)
  for (const _packet of peer.staged) drop(device, 'attemptOver')
  peer.staged.length = 0
  peer.timers.clear(RETRANSMIT)
  peer.timers.clear(KEEPALIVE)
  const { timers } = peer
  if (!timers.isSet(ZERO)) timers.set(ZERO, now + ZERO_AFTER_REJECTS * device.limits.rejectAfterMs)
  device.output.handshakeFailed?.(peer)
}

/** The cookie to prove our address with, while it is still good. */
export function freshCookie(peer: Peer, now: number): Uint8Array | undefined {
  const { cookie } = peer
  return cookie !== undefined && now - cookie.at < COOKIE_LIFETIME_MS ? cookie.bytes : undefined
}
