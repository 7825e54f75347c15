/**
 * ChaCha20-Poly1305 and X25519 for handshakes. libsodium throws on a forged text and on a weak key; a
 * stranger's bytes are no exception here, so both come back as `undefined`.
 */

import sodium from 'sodium-native'
import { KEY_BYTES, TAG_BYTES } from './constants.ts'

/** Noise gives each handshake key one use, so its nonce is always zero. */
const ZERO_NONCE = new Uint8Array(12)

export function sealOnce(key: Uint8Array, plain: Uint8Array, associated: Uint8Array): Uint8Array {
  const cipher = new Uint8Array(plain.length + TAG_BYTES)
  sodium.crypto_aead_chacha20poly1305_ietf_encrypt(cipher, plain, associated, null, ZERO_NONCE, key)
  return cipher
}

export function openOnce(
  key: Uint8Array,
  cipher: Uint8Array,
  associated: Uint8Array,
): Uint8Array | undefined {
  const plain = new Uint8Array(cipher.length - TAG_BYTES)
  try {
    sodium.crypto_aead_chacha20poly1305_ietf_decrypt(plain, null, cipher, associated, ZERO_NONCE, key)
    return plain
  } catch {
    return undefined
  }
}

/** The node's long-term tunnel key, of which this room only ever sees the public half. */
export interface StaticKey {
  /** 32 bytes. */
  readonly publicKey: Uint8Array
  /** X25519 with a peer's public key: 32 bytes. May throw when the peer's key is of low order. */
  agree(peerPublicKey: Uint8Array): Uint8Array
}

/** A static key over secret bytes: for ephemeral keys, and for programs that own their secret. */
export function staticKeyOf(secret: Uint8Array): StaticKey & { wipe(): void } {
  const publicKey = new Uint8Array(KEY_BYTES)
  sodium.crypto_scalarmult_base(publicKey, secret)
  return {
    publicKey,
    agree(peerPublicKey) {
      const shared = new Uint8Array(KEY_BYTES)
      sodium.crypto_scalarmult(shared, secret, peerPublicKey)
      return shared
    },
    wipe: () => sodium.sodium_memzero(secret),
  }
}

/** The shared secret, or `undefined` when the peer's key admits none. */
export function agreeWith(key: StaticKey, peerPublicKey: Uint8Array): Uint8Array | undefined {
  try {
    return key.agree(peerPublicKey)
  } catch {
    return undefined
  }
}
