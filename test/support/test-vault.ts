/** A vault with a key that everybody knows: seals as a home does, so that changed bytes are noticed. */
import sodium from 'sodium-native'
import type { Vault } from '../../src/store/vault.ts'

const NONCE_BYTES = 24
const TAG_BYTES = 16

export function testVault(secret = 'test', storeId: Uint8Array = new Uint8Array(16).fill(7)): Vault {
  const key = Buffer.alloc(32, secret)
  const placed = (place: Uint8Array): Uint8Array => Buffer.concat([storeId, place])
  return {
    storeId,
    keyOf: bytes => {
      const hash = new Uint8Array(16)
      sodium.crypto_generichash(hash, bytes, key)
      return hash
    },
    seal: (place, value) => {
      const sealed = new Uint8Array(NONCE_BYTES + value.length + TAG_BYTES)
      const nonce = sealed.subarray(0, NONCE_BYTES)
      sodium.randombytes_buf(nonce)
      const cipher = sealed.subarray(NONCE_BYTES)
      sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(cipher, value, placed(place), null, nonce, key)
      return sealed
    },
    open: (place, sealed) => {
      if (sealed.length < NONCE_BYTES + TAG_BYTES) return undefined
      const value = new Uint8Array(sealed.length - NONCE_BYTES - TAG_BYTES)
      const [nonce, cipher] = [sealed.subarray(0, NONCE_BYTES), sealed.subarray(NONCE_BYTES)]
      try {
        sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(value, null, cipher, placed(place), nonce, key)
        return value
      } catch {
        return undefined
      }
    },
  }
}
