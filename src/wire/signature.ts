/**
 * Ed25519 over labelled messages, checked by libsodium's strict rule only: no small-order keys, no
 * non-canonical points or scalars. One verifier for all means that no two devices can disagree about a
 * signature.
 */
import sodium from 'sodium-native'
import { type DeviceId, type EventId, ID_BYTES, idFromBytes, idToBytes } from '../events/ids.ts'
import { EVENT_SIGNATURE_LABEL } from './labels.ts'
import { SIGNATURE_BYTES } from './limits.ts'

export interface KeyPair {
  readonly publicKey: Uint8Array
  /** 64 bytes as libsodium keeps it: seed ‖ public key. */
  readonly secretKey: Uint8Array
}

/** What sealing needs of a device: its name, and a signature over the 32 bytes of an event's id. */
export interface Signer {
  readonly device: DeviceId
  /** 64 bytes: Ed25519('ntm.sig.event.1' ‖ id). */
  signEvent(id: Uint8Array): Uint8Array
}

const labelled = (label: string, message: Uint8Array): Uint8Array =>
  Buffer.concat([Buffer.from(label, 'latin1'), message])

/** The Ed25519 pair of a 32-byte seed. */
export function keyPairFromSeed(seed: Uint8Array): KeyPair {
  const publicKey = new Uint8Array(ID_BYTES)
  const secretKey = new Uint8Array(64)
  sodium.crypto_sign_seed_keypair(publicKey, secretKey, seed)
  return { publicKey, secretKey }
}

/** Ed25519(label ‖ message), 64 bytes. */
export function signLabelled(label: string, message: Uint8Array, secretKey: Uint8Array): Uint8Array {
  const signature = new Uint8Array(SIGNATURE_BYTES)
  sodium.crypto_sign_detached(signature, labelled(label, message), secretKey)
  return signature
}

/** Whether the signature is the key's over label ‖ message. Wrong lengths are simply false. */
export function verifyLabelled(
  label: string,
  message: Uint8Array,
  signature: Uint8Array,
  publicKey: Uint8Array,
): boolean {
  if (signature.length !== SIGNATURE_BYTES || publicKey.length !== ID_BYTES) return false
  return sodium.crypto_sign_verify_detached(signature, labelled(label, message), publicKey)
}

/** Whether `signature` is the device's over this event. */
export const verifyEvent = (device: DeviceId, id: EventId, signature: Uint8Array): boolean =>
  verifyLabelled(EVENT_SIGNATURE_LABEL, idToBytes(id), signature, idToBytes(device))

/** A signer over a key pair held in memory. */
export const signerOf = (pair: KeyPair): Signer => ({
  device: idFromBytes(pair.publicKey),
  signEvent: id => signLabelled(EVENT_SIGNATURE_LABEL, id, pair.secretKey),
})
