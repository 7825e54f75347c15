/**
 * Sealing at rest. Every value is sealed with XChaCha20-Poly1305 to its place, and every id in a
 * key is replaced by a keyed hash, so that a stolen disk tells sizes and order and nothing else. The data key
 * itself lies wrapped by a passphrase, or bare in a file that only its owner can read.
 */
import sodium from 'sodium-native'
import { LAYOUT } from '../store/keyspace.ts'
import { VAULT_KEY_BYTES, type Vault } from '../store/vault.ts'
import { deriveKey } from '../wire/kdf.ts'
import type { Random } from './api/index.ts'

export const DATA_KEY_BYTES = 32
const STORE_ID_BYTES = 16
const NONCE_BYTES = 24
const TAG_BYTES = 16
/** A plugin's key of 8 hashed parts is the longest that the store makes, and far shorter. */
const KEY_MAX_BYTES = 512
const VALUE_LABEL = 'ntm.vault.value.1'
const KEY_LABEL = 'ntm.vault.key.1'
const STORE_LABEL = 'ntm.vault.store.1'

/** The vault over a data key of 32 bytes. The store id follows from the key: one key, one store. */
export function openVault(dataKey: Uint8Array, random: Random): Vault {
  const valueKey = deriveKey(dataKey, VALUE_LABEL)
  const hashKey = deriveKey(dataKey, KEY_LABEL)
  const storeId = deriveKey(dataKey, STORE_LABEL).subarray(0, STORE_ID_BYTES)
  const placeOf = placesIn(storeId)
  return {
    storeId,
    keyOf: bytes => {
      const hash = new Uint8Array(VAULT_KEY_BYTES)
      sodium.crypto_generichash(hash, bytes, hashKey)
      return hash
    },
    seal: (key, value) => sealBytes(valueKey, placeOf(key), value, random),
    open: (key, sealed) => openBytes(valueKey, placeOf(key), sealed),
  }
}

/** Store id ‖ key ‖ layout, in a buffer that the next call uses again: this runs for every value. */
function placesIn(storeId: Uint8Array): (key: Uint8Array) => Uint8Array {
  const scratch = Buffer.alloc(STORE_ID_BYTES + KEY_MAX_BYTES + 1)
  scratch.set(storeId)
  const views = new Map<number, Uint8Array>()
  return key => {
    const end = STORE_ID_BYTES + key.length
    scratch.set(key, STORE_ID_BYTES)
    scratch[end] = LAYOUT
    const view = views.get(end) ?? scratch.subarray(0, end + 1)
    views.set(end, view)
    return view
  }
}

// What is sealed and opened lies in Node's pool, at a fifth of the price: both happen for every event.

/** nonce ‖ ciphertext ‖ tag. */
export function sealBytes(key: Uint8Array, place: Uint8Array, value: Uint8Array, random: Random): Uint8Array {
  const sealed = Buffer.allocUnsafe(NONCE_BYTES + value.length + TAG_BYTES)
  const nonce = sealed.subarray(0, NONCE_BYTES)
  nonce.set(random.bytes(NONCE_BYTES))
  const body = sealed.subarray(NONCE_BYTES)
  sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(body, value, place, null, nonce, key)
  return sealed
}

/** Undefined when it was not sealed with this key for this place. */
export function openBytes(key: Uint8Array, place: Uint8Array, sealed: Uint8Array): Uint8Array | undefined {
  const length = sealed.length - NONCE_BYTES - TAG_BYTES
  if (length < 0) return undefined
  const value = Buffer.allocUnsafe(length)
  const nonce = sealed.subarray(0, NONCE_BYTES)
  const body = sealed.subarray(NONCE_BYTES)
  try {
    sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(value, null, body, place, nonce, key)
  } catch {
    return undefined
  }
  return value
}
