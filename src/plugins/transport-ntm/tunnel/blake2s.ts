/**
 * BLAKE2s as WireGuard uses it: plain hash, and the HMAC-based key derivation of Noise §4.3. Only handshakes come
 * here that were let in, so clarity is worth more than the last microsecond; the macs, which let them in, are apart.
 */

import { blake2s } from '@noble/hashes/blake2.js'
import { hmac } from '@noble/hashes/hmac.js'
import { KEY_BYTES } from './constants.ts'

const NOTHING = new Uint8Array(0)

/** BLAKE2s-256 over the parts as one text. */
export function hash(first: Uint8Array, second: Uint8Array = NOTHING): Uint8Array {
  return blake2s.create({ dkLen: KEY_BYTES }).update(first).update(second).digest()
}

/** Noise HKDF with one, two or three outputs of 32 bytes (Noise §4.3; WireGuard paper Kdf_n). */
export function derive(chainingKey: Uint8Array, input: Uint8Array, outputs: 1 | 2 | 3): Uint8Array[] {
  const secret = hmac(blake2s, chainingKey, input)
  const keys: Uint8Array[] = []
  let previous: Uint8Array = NOTHING
  for (let n = 1; n <= outputs; n++) {
    const block = new Uint8Array(previous.length + 1)
    block.set(previous)
    block[previous.length] = n
    previous = hmac(blake2s, secret, block)
    keys.push(previous)
  }
  secret.fill(0)
  return keys
}
