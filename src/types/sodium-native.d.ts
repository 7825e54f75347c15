/**
 * The part of sodium-native that this project calls, typed over Uint8Array. The published typings insist on
 * Buffer; libsodium only wants bytes, and our pure rooms should not depend on Node's Buffer.
 */
declare module 'sodium-native' {
  type Bytes = Uint8Array

  export function randombytes_buf(out: Bytes): void
  export function sodium_memcmp(a: Bytes, b: Bytes): boolean
  export function sodium_memzero(buffer: Bytes): void

  export function crypto_generichash(out: Bytes, input: Bytes, key?: Bytes): void
  export function crypto_generichash_batch(out: Bytes, inputs: readonly Bytes[], key?: Bytes): void

  export function crypto_sign_seed_keypair(publicKey: Bytes, secretKey: Bytes, seed: Bytes): void
  export function crypto_sign_detached(signature: Bytes, message: Bytes, secretKey: Bytes): void
  export function crypto_sign_verify_detached(signature: Bytes, message: Bytes, publicKey: Bytes): boolean

  export function crypto_scalarmult_base(publicKey: Bytes, secretKey: Bytes): void
  export function crypto_scalarmult(shared: Bytes, secretKey: Bytes, publicKey: Bytes): void

  export function crypto_aead_chacha20poly1305_ietf_encrypt(
    cipher: Bytes,
    message: Bytes,
    ad: Bytes | null,
    nsec: null,
    nonce: Bytes,
    key: Bytes,
  ): number
  export function crypto_aead_chacha20poly1305_ietf_decrypt(
    message: Bytes,
    nsec: null,
    cipher: Bytes,
    ad: Bytes | null,
    nonce: Bytes,
    key: Bytes,
  ): number
  export function crypto_aead_xchacha20poly1305_ietf_encrypt(
    cipher: Bytes,
    message: Bytes,
    ad: Bytes | null,
    nsec: null,
    nonce: Bytes,
    key: Bytes,
  ): number
  export function crypto_aead_xchacha20poly1305_ietf_decrypt(
    message: Bytes,
    nsec: null,
    cipher: Bytes,
    ad: Bytes | null,
    nonce: Bytes,
    key: Bytes,
  ): number

  export const crypto_pwhash_ALG_ARGON2ID13: number
  export const crypto_pwhash_SALTBYTES: number
  export const crypto_pwhash_OPSLIMIT_MODERATE: number
  export const crypto_pwhash_MEMLIMIT_MODERATE: number
  export const crypto_pwhash_OPSLIMIT_INTERACTIVE: number
  export const crypto_pwhash_MEMLIMIT_INTERACTIVE: number
  export function crypto_pwhash(
    out: Bytes,
    password: Bytes,
    salt: Bytes,
    opslimit: number,
    memlimit: number,
    alg: number,
  ): void
}
