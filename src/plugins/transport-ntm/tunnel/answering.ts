/**
 * Answering a first message. The order of the checks is the defence: each is dearer than the one before, and
 * nothing is remembered about anyone until the last has passed (paper §5.3, §5.4.7).
 */

import { idFromBytes } from '../../../events/ids.ts'
import { ok, type Result, refuse } from '../../../events/result.ts'
import {
  ANSWER_AGAIN_MAX,
  ANSWER_OTHER_SOURCES,
  INITIATION_SPACING_MS,
  KEY_BYTES,
  MAC_BYTES,
  UNCONFIRMED_MS,
} from './constants.ts'
import {
  answerKey,
  type Device,
  type DropReason,
  endHandshake,
  endSessions,
  forgetAnswer,
  forgetOldAnswers,
  freeIndex,
  mayPass,
  transmit,
} from './device.ts'
import { copyOf, type Endpoint, sameEndpoint, sourceNetwork } from './endpoint.ts'
import { freshCookie, PROLOGUE } from './initiation.ts'
import { mac1Fits, stampMacs } from './mac.ts'
import { decodeInitiation, encodeResponse } from './messages.ts'
import { type Initiation, readInitiation, type TransportKeys, writeResponse } from './noise.ts'
import { type Answer, Peer } from './peer.ts'
import { Session } from './session.ts'
import { type Timestamp, timestampOf } from './tai64n.ts'
import { PeerTimers, RETRANSMIT, ZERO } from './timers.ts'

const NOTHING = new Uint8Array(0)

/** A first message whose length was checked. */
export function receiveInitiation(
  device: Device,
  bytes: Uint8Array,
  from: Endpoint,
  now: number,
): DropReason | undefined {
  if (!mac1Fits(bytes, device.mac1)) return 'badMac'
  const kept = answerKept(device, bytes, now)
  if (kept !== undefined) return answerAgain(device, kept.peer, kept.answer, from)
  const overload = refuseUnderLoad(device, bytes, from, now)
  if (overload !== undefined) return overload

  const { sender, noise } = decodeInitiation(bytes)
  const read = readInitiation({ staticKey: device.staticKey, prologue: PROLOGUE, message: noise })
  if (!read.ok) return 'forged'
  const initiation = read.value
  const accepted = { bytes, sender, initiation, timestamp: timestampOf(initiation.payload), from, now }
  const known = device.peers.get(idFromBytes(initiation.peerPublicKey))
  const admission = known === undefined ? admitStranger(device, accepted) : ok(known)
  if (!admission.ok) return admission.why
  const peer = admission.value
  if (!mayPass(device, peer, from)) return 'hidden'
  return staleness(peer, accepted.timestamp, now) ?? answer(device, peer, accepted)
}

/**
 * Under load a handshake message must carry a cookie and stay within its source's budget, or come from where somebody
 * is known from before. Also used for answers that nobody waits for any more.
 */
export function refuseUnderLoad(
  device: Device,
  bytes: Uint8Array,
  from: Endpoint,
  now: number,
): DropReason | undefined {
  if (!device.load.note(now)) return undefined
  const source = sourceNetwork(from.address)
  if (device.jar.vouches(bytes, from, now))
    return device.limiter.allows(source, now) ? undefined : 'rateLimited'
  return device.acquainted.vouchFor(source, now) ? undefined : demandCookie(device, bytes, from, now)
}

function demandCookie(device: Device, bytes: Uint8Array, from: Endpoint, now: number): DropReason {
  if (!mayPass(device, undefined, from)) return 'hidden'
  device.counters.cookieRepliesSent += 1
  transmit(device, undefined, device.jar.reply(bytes, from, now), from)
  return 'cookieDemanded'
}

interface Kept {
  readonly peer: Peer
  readonly answer: Answer
}

/** The answer that this very message got a moment ago. */
function answerKept(device: Device, bytes: Uint8Array, now: number): Kept | undefined {
  forgetOldAnswers(device, now)
  const found = device.answers.get(answerKey(bytes))
  if (found === undefined) return undefined
  const signed = bytes.length - 2 * MAC_BYTES
  const same = Buffer.compare(found.answer.initiation.subarray(0, signed), bytes.subarray(0, signed)) === 0
  return same ? found : undefined
}

/**
 * The same message gets the same answer a few times more: on another path, and on the same one, for the answer may
 * have been lost. It is smaller than the message, so nothing is gained by asking.
 */
function answerAgain(device: Device, peer: Peer, kept: Answer, from: Endpoint): DropReason | undefined {
  if (!mayPass(device, peer, from)) return 'hidden'
  const seen = kept.sources.some(source => sameEndpoint(source, from))
  if (!seen && kept.sources.length > ANSWER_OTHER_SOURCES) return 'replayedTimestamp'
  if (kept.given > ANSWER_AGAIN_MAX) return 'replayedTimestamp'
  kept.given += 1
  if (!seen) kept.sources.push(copyOf(from))
  transmit(device, peer, kept.response, from)
  return undefined
}

function admitStranger(device: Device, accepted: Accepted): Result<Peer, DropReason> {
  const { bytes, from, now } = accepted
  const { peerPublicKey } = accepted.initiation
  if (device.cookieForStrangers && !device.jar.vouches(bytes, from, now)) {
    return refuse(demandCookie(device, bytes, from, now))
  }
  const charged = device.load.high(now)
  if (!charged && !device.limiter.allows(sourceNetwork(from.address), now)) return refuse('rateLimited')
  if (device.peers.size >= device.limits.peers) return refuse('tableFull')
  const options = device.admit(peerPublicKey, from)
  if (options === undefined) return refuse('stranger')
  return ok(newPeer(device, peerPublicKey, options, options.transient ?? true))
}

/** A peer that is not yet on the table. */
export function newPeer(
  device: Device,
  publicKey: Uint8Array,
  options: ConstructorParameters<typeof Peer>[1],
  transient: boolean,
): Peer {
  const { limits, deadlines, environment } = device
  const timersOf = (peer: Peer) => new PeerTimers(peer, limits, deadlines, options.persistentKeepaliveMs ?? 0)
  const peer = new Peer(publicKey, options, transient, timersOf)
  peer.timestamp = environment.timestamps.loadReceived(peer.id)
  return peer
}

function staleness(peer: Peer, timestamp: Timestamp, now: number): DropReason | undefined {
  if (peer.timestamp !== undefined && timestamp <= peer.timestamp) return 'replayedTimestamp'
  return now - peer.initiationReceivedAt < INITIATION_SPACING_MS ? 'flood' : undefined
}

interface Accepted {
  readonly bytes: Uint8Array
  readonly sender: number
  readonly initiation: Initiation
  readonly timestamp: Timestamp
  readonly from: Endpoint
  readonly now: number
}

function answer(device: Device, peer: Peer, accepted: Accepted): DropReason | undefined {
  const { initiation, now } = accepted
  const written = writeResponse({
    initiation,
    ephemeralSecret: device.environment.random(KEY_BYTES),
    psk: peer.presharedKey,
    payload: NOTHING,
  })
  if (!written.ok) return 'forged'

  device.peers.set(peer.id, peer)
  peer.timestamp = accepted.timestamp
  device.environment.timestamps.saveReceived(peer.id, accepted.timestamp)
  peer.initiationReceivedAt = now
  yieldToLowerKey(device, peer, now)

  const localIndex = freeIndex(device)
  installAnswered(device, peer, accepted, localIndex, written.value.keys)
  const response = encodeResponse(localIndex, accepted.sender, written.value.message)
  stampMacs(response, peer.mac1Key, freshCookie(peer, now))
  rememberAnswer(device, peer, accepted, response)
  peer.handshakeSentAt = now
  peer.timers.authenticatedReceived(now)
  peer.timers.authenticatedSent(now)
  if (!peer.inUse(now, device.limits)) {
    peer.adopt(accepted.from, accepted.bytes.length)
    peer.allowanceBytes -= response.length
  }
  transmit(device, peer, response, accepted.from)
  return undefined
}

/**
 * Of two nodes that renew at the same time the one with the lower static key goes on, else they would do so for
 * ever. While there is no session yet, both may try: whichever gets through is welcome.
 */
function yieldToLowerKey(device: Device, peer: Peer, now: number): void {
  if (peer.plain || peer.handshake === undefined || !peer.inUse(now, device.limits)) return
  if (Buffer.compare(peer.publicKey, device.staticKey.publicKey) >= 0) return
  endHandshake(device, peer)
  peer.timers.clear(RETRANSMIT)
}

function installAnswered(
  device: Device,
  peer: Peer,
  accepted: Accepted,
  localIndex: number,
  keys: TransportKeys,
): void {
  const { now } = accepted
  const session = new Session<Peer>({
    peer,
    keys,
    localIndex,
    remoteIndex: accepted.sender,
    initiator: false,
    bornAt: now,
    replayWindow: device.replayWindow,
  })
  device.sessions.set(localIndex, session)
  endSessions(device, peer.sessionAnswered(session, now))
  peer.timers.sessionDerived(now)
  if (peer.transient && peer.current === undefined) peer.timers.set(ZERO, now + UNCONFIRMED_MS)
}

function rememberAnswer(device: Device, peer: Peer, accepted: Accepted, response: Uint8Array): void {
  forgetAnswer(device, peer)
  const initiation = accepted.bytes.slice()
  const sources = [copyOf(accepted.from)]
  peer.answer = { initiation, response, at: accepted.now, sources, given: 1, cookieUsed: false }
  device.answers.delete(answerKey(initiation))
  device.answers.set(answerKey(initiation), { peer, answer: peer.answer })
}
