/**
 * The Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s handshake as values: each step takes what it needs and returns the
 * message and the next state. Prologue and payloads are parameters, so the published Noise vectors run
 * against the same code that WireGuard's prologue and timestamps go through. Noise rev. 34 §5, §7.5, §9.
 */

import sodium from 'sodium-native'
import { ok, type Result, refuse } from '../../../events/result.ts'
import { agreeWith, openOnce, type StaticKey, sealOnce, staticKeyOf } from './aead.ts'
import { derive, hash } from './blake2s.ts'
import { CONSTRUCTION, KEY_BYTES, TAG_BYTES } from './constants.ts'

const NOTHING = new Uint8Array(0)
const SEALED_KEY_BYTES = KEY_BYTES + TAG_BYTES
const INITIAL_CHAINING_KEY = hash(new TextEncoder().encode(CONSTRUCTION))

/** Noise's symmetric state: what both sides have mixed so far. */
interface Transcript {
  readonly chainingKey: Uint8Array
  readonly hash: Uint8Array
}

/** The transport keys that a finished handshake leaves, 32 bytes each. */
export interface TransportKeys {
  readonly send: Uint8Array
  readonly receive: Uint8Array
  /** Both sides' hash of the whole handshake. */
  readonly handshakeHash: Uint8Array
}

/** What an initiator keeps until the answer comes. */
export interface Initiated {
  readonly transcript: Transcript
  readonly ephemeral: ReturnType<typeof staticKeyOf>
}

/** What a responder has learned from a first message. */
export interface Initiation {
  readonly transcript: Transcript
  readonly ephemeral: Uint8Array
  readonly peerPublicKey: Uint8Array
  readonly payload: Uint8Array
}

type HandshakeRefusal = 'forged' | 'weak key'

const start = (prologue: Uint8Array, responder: Uint8Array): Transcript => ({
  chainingKey: INITIAL_CHAINING_KEY,
  hash: hash(hash(INITIAL_CHAINING_KEY, prologue), responder),
})

const mixHash = (transcript: Transcript, data: Uint8Array): Transcript => ({
  chainingKey: transcript.chainingKey,
  hash: hash(transcript.hash, data),
})

/** The token `e` of a psk handshake: the key goes into the hash and into the chaining key. */
function mixEphemeral(transcript: Transcript, publicKey: Uint8Array): Transcript {
  const [chainingKey] = derive(transcript.chainingKey, publicKey, 1)
  return { chainingKey: chainingKey!, hash: hash(transcript.hash, publicKey) }
}

function mixKey(transcript: Transcript, secret: Uint8Array): { transcript: Transcript; key: Uint8Array } {
  const [chainingKey, key] = derive(transcript.chainingKey, secret, 2)
  secret.fill(0)
  return { transcript: { chainingKey: chainingKey!, hash: transcript.hash }, key: key! }
}

function mixPsk(transcript: Transcript, psk: Uint8Array): { transcript: Transcript; key: Uint8Array } {
  const [chainingKey, mixed, key] = derive(transcript.chainingKey, psk, 3)
  return { transcript: { chainingKey: chainingKey!, hash: hash(transcript.hash, mixed!) }, key: key! }
}

function split(transcript: Transcript, initiator: boolean): TransportKeys {
  const derived = derive(transcript.chainingKey, NOTHING, 2)
  // Both in one piece of memory: a server has many sessions that carry little.
  const keys = joined(...derived)
  for (const key of derived) key.fill(0)
  const [fromInitiator, fromResponder] = [keys.subarray(0, KEY_BYTES), keys.subarray(KEY_BYTES)]
  const [send, receive] = initiator ? [fromInitiator, fromResponder] : [fromResponder, fromInitiator]
  return { send, receive, handshakeHash: transcript.hash }
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

/** `-> e, es, s, ss, payload`. `ephemeralSecret` is 32 fresh random bytes; it is wiped with the state. */
export function writeInitiation(given: {
  readonly staticKey: StaticKey
  readonly responder: Uint8Array
  readonly ephemeralSecret: Uint8Array
  readonly prologue: Uint8Array
  readonly payload: Uint8Array
}): Result<{ message: Uint8Array; initiated: Initiated }, HandshakeRefusal> {
  const ephemeral = staticKeyOf(given.ephemeralSecret)
  const es = agreeWith(ephemeral, given.responder)
  const ss = agreeWith(given.staticKey, given.responder)
  if (es === undefined || ss === undefined) return refuse('weak key')

  const opened = mixKey(mixEphemeral(start(given.prologue, given.responder), ephemeral.publicKey), es)
  const sealedKey = sealOnce(opened.key, given.staticKey.publicKey, opened.transcript.hash)
  const known = mixKey(mixHash(opened.transcript, sealedKey), ss)
  const sealedPayload = sealOnce(known.key, given.payload, known.transcript.hash)
  return ok({
    message: joined(ephemeral.publicKey, sealedKey, sealedPayload),
    initiated: { transcript: mixHash(known.transcript, sealedPayload), ephemeral },
  })
}

/** Reads a first message. Costs two X25519 operations, the second only when the static key was authentic. */
export function readInitiation(given: {
  readonly staticKey: StaticKey
  readonly prologue: Uint8Array
  readonly message: Uint8Array
}): Result<Initiation, HandshakeRefusal> {
  const ephemeral = given.message.slice(0, KEY_BYTES)
  const sealedKey = given.message.subarray(KEY_BYTES, KEY_BYTES + SEALED_KEY_BYTES)
  const sealedPayload = given.message.subarray(KEY_BYTES + SEALED_KEY_BYTES)

  const es = agreeWith(given.staticKey, ephemeral)
  if (es === undefined) return refuse('weak key')
  const opened = mixKey(mixEphemeral(start(given.prologue, given.staticKey.publicKey), ephemeral), es)
  const peerPublicKey = openOnce(opened.key, sealedKey, opened.transcript.hash)
  if (peerPublicKey === undefined) return refuse('forged')

  const ss = agreeWith(given.staticKey, peerPublicKey)
  if (ss === undefined) return refuse('weak key')
  const known = mixKey(mixHash(opened.transcript, sealedKey), ss)
  const payload = openOnce(known.key, sealedPayload, known.transcript.hash)
  if (payload === undefined) return refuse('forged')
  return ok({ transcript: mixHash(known.transcript, sealedPayload), ephemeral, peerPublicKey, payload })
}

/** `<- e, ee, se, psk, payload`, and the responder's keys. `ephemeralSecret` is wiped. */
export function writeResponse(given: {
  readonly initiation: Initiation
  readonly ephemeralSecret: Uint8Array
  readonly psk: Uint8Array
  readonly payload: Uint8Array
}): Result<{ message: Uint8Array; keys: TransportKeys }, HandshakeRefusal> {
  const { initiation } = given
  const ephemeral = staticKeyOf(given.ephemeralSecret)
  const ee = agreeWith(ephemeral, initiation.ephemeral)
  const se = agreeWith(ephemeral, initiation.peerPublicKey)
  ephemeral.wipe()
  if (ee === undefined || se === undefined) return refuse('weak key')

  const mixed = mixKey(mixKey(mixEphemeral(initiation.transcript, ephemeral.publicKey), ee).transcript, se)
  const shared = mixPsk(mixed.transcript, given.psk)
  const sealedPayload = sealOnce(shared.key, given.payload, shared.transcript.hash)
  return ok({
    message: joined(ephemeral.publicKey, sealedPayload),
    keys: split(mixHash(shared.transcript, sealedPayload), false),
  })
}

/** Reads the answer. A forged one changes nothing: the same state can read the next. */
export function readResponse(given: {
  readonly initiated: Initiated
  readonly staticKey: StaticKey
  readonly psk: Uint8Array
  readonly message: Uint8Array
}): Result<{ payload: Uint8Array; keys: TransportKeys }, HandshakeRefusal> {
  const ephemeral = given.message.subarray(0, KEY_BYTES)
  const sealedPayload = given.message.subarray(KEY_BYTES)
  const ee = agreeWith(given.initiated.ephemeral, ephemeral)
  const se = agreeWith(given.staticKey, ephemeral)
  if (ee === undefined || se === undefined) return refuse('weak key')

  const mixed = mixKey(mixKey(mixEphemeral(given.initiated.transcript, ephemeral), ee).transcript, se)
  const shared = mixPsk(mixed.transcript, given.psk)
  const payload = openOnce(shared.key, sealedPayload, shared.transcript.hash)
  if (payload === undefined) return refuse('forged')
  return ok({ payload, keys: split(mixHash(shared.transcript, sealedPayload), true) })
}

/** Forgets an initiator's secrets. */
export function wipeInitiated(initiated: Initiated): void {
  initiated.ephemeral.wipe()
  sodium.sodium_memzero(initiated.transcript.chainingKey)
}
