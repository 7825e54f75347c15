/**
 * Keys from a seed. One device seed yields its signing, tunnel and storage keys, each under its own label, so
 * that none of them tells anything about another and Ed25519 is never converted to X25519.
 */
import sodium from 'sodium-native'

const KEY_BYTES = 32

/** BLAKE2b-256 keyed with the seed over the ASCII label: 32 bytes. Throws if the seed is not 32 bytes. */
export function deriveKey(seed: Uint8Array, label: string): Uint8Array {
  if (seed.length !== KEY_BYTES) throw new RangeError(`a seed has ${KEY_BYTES} bytes, not ${seed.length}`)
  const key = new Uint8Array(KEY_BYTES)
  sodium.crypto_generichash(key, Buffer.from(label, 'latin1'), seed)
  return key
}
