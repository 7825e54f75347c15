/**
 * What comes back to a handshake message of ours: the answer that completes the handshake, or a cookie with
 * which to ask again.
 */

import { refuseUnderLoad } from './answering.ts'
import { openCookieReply } from './cookie.ts'
import { type Device, type DropReason, endHandshake, endSessions, mayPass, transmit } from './device.ts'
import { type Endpoint, sameEndpoint } from './endpoint.ts'
import { mac1Fits, mac1Of, stampMacs } from './mac.ts'
import { decodeCookieReply, decodeResponse } from './messages.ts'
import { readResponse, type TransportKeys } from './noise.ts'
import type { Peer, PendingHandshake } from './peer.ts'
import { Session } from './session.ts'
import { completeHandshake, flushStaged, sendKeepalive } from './transport.ts'

/** An answer whose length was checked. */
export function receiveResponse(
  device: Device,
  bytes: Uint8Array,
  from: Endpoint,
  now: number,
): DropReason | undefined {
  if (!mac1Fits(bytes, device.mac1)) return 'badMac'
  const { sender, receiver, noise } = decodeResponse(bytes)
  const peer = device.pending.get(receiver)
  if (peer?.handshake === undefined) return 'unknownIndex'
  if (!mayPass(device, peer, from)) return 'hidden'
  const overload = refuseAnswerUnderLoad(device, peer.handshake, bytes, from, now)
  if (overload !== undefined) return overload
  const read = readResponse({
    initiated: peer.handshake.initiated,
    staticKey: device.staticKey,
    psk: peer.presharedKey,
    message: noise,
  })
  if (!read.ok) return 'forged'
  const wasInUse = peer.inUse(now, device.limits)
  installInitiated(device, peer, { keys: read.value.keys, localIndex: receiver, remoteIndex: sender, now })
  adoptPath(device, { peer, wasInUse }, from, bytes.length)
  peer.timers.authenticatedReceived(now)
  completeHandshake(device, peer, from, now)
  flushStaged(device, peer, now)
  if (peer.current?.isUsed === false) sendKeepalive(device, peer, now)
  return undefined
}

/**
 * We asked, so the first answer is read under any load: how many there are is up to us. After one that was not
 * authentic, somebody who sees our questions may be keeping us busy.
 */
function refuseAnswerUnderLoad(
  device: Device,
  handshake: PendingHandshake,
  bytes: Uint8Array,
  from: Endpoint,
  now: number,
): DropReason | undefined {
  if (handshake.isAnswerRead) return refuseUnderLoad(device, bytes, from, now)
  handshake.isAnswerRead = true
  return undefined
}

/** The answer came this way, so the way is open; while another is in use it is only a candidate. */
function adoptPath(
  device: Device,
  { peer, wasInUse }: { readonly peer: Peer; readonly wasInUse: boolean },
  from: Endpoint,
  bytes: number,
): void {
  const isSame = peer.endpoint !== undefined && sameEndpoint(peer.endpoint, from)
  if (isSame || peer.plain || !wasInUse || peer.endpoint === undefined) peer.adopt(from, bytes)
  else device.output.newSource?.(peer, from, bytes)
}

function installInitiated(
  device: Device,
  peer: Peer,
  made: { keys: TransportKeys; localIndex: number; remoteIndex: number; now: number },
): void {
  endHandshake(device, peer)
  const session = new Session<Peer>({
    peer,
    keys: made.keys,
    localIndex: made.localIndex,
    remoteIndex: made.remoteIndex,
    initiator: true,
    bornAt: made.now,
    replayWindow: device.replayWindow,
  })
  device.sessions.set(made.localIndex, session)
  endSessions(device, peer.sessionInitiated(session, made.now))
}

/**
 * A cookie for our last message. The message is sent again with it at once, but only to where it went before
 * and only once: a cookie reply is short and easily forged by whoever saw the message.
 */
export function receiveCookieReply(
  device: Device,
  bytes: Uint8Array,
  from: Endpoint,
  now: number,
): DropReason | undefined {
  const { receiver } = decodeCookieReply(bytes)
  const opener = device.pending.get(receiver)
  const answerer = device.sessions.get(receiver)?.peer
  const peer = opener ?? answerer
  if (peer === undefined) return 'unknownIndex'
  if (!mayPass(device, peer, from)) return 'hidden'
  const message = opener === undefined ? peer.answer?.response : peer.handshake?.message
  const cookie = message && openCookieReply(bytes, peer.cookieKey, mac1Of(message))
  if (message === undefined || cookie === undefined) return 'forged'
  peer.cookie = { bytes: cookie, at: now }

  const sent = opener === undefined ? peer.answer : peer.handshake
  const sentTo = opener === undefined ? peer.answer?.sources : peer.handshake?.sentTo
  if (sent === undefined || sent.cookieUsed) return undefined
  if (!sentTo?.some(endpoint => sameEndpoint(endpoint, from))) return undefined
  sent.cookieUsed = true
  stampMacs(message, peer.mac1Key, cookie)
  transmit(device, peer, message, from)
  return undefined
}
