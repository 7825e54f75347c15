/**
 * Secrets under a passphrase: Argon2id makes the wrapping key, and its cost is written beside the secret, so that
 * it can be raised one day without losing what lies there.
 */
import sodium from 'sodium-native'
import { ByteReader } from '../wire/byte-reader.ts'
import { ByteWriter } from '../wire/byte-writer.ts'
import type { Random } from './api/index.ts'
import { openBytes, sealBytes } from './vault.ts'

const KEY_BYTES = 32
const FORM = 1
/** More than this was not written by us, and would let a damaged file take all memory. */
const MEMORY_MAX_BYTES = 1024 * 1024 * 1024
const OPERATIONS_MAX = 64

export interface PassphraseCost {
  readonly operations: number
  readonly memoryBytes: number
}

const PASSPHRASE_COST: PassphraseCost = {
  operations: sodium.crypto_pwhash_OPSLIMIT_MODERATE,
  memoryBytes: sodium.crypto_pwhash_MEMLIMIT_MODERATE,
}

function wrappingKey(passphrase: string, salt: Uint8Array, cost: PassphraseCost): Uint8Array {
  const key = new Uint8Array(KEY_BYTES)
  const words = Buffer.from(passphrase.normalize('NFKC'))
  const { operations, memoryBytes } = cost
  sodium.crypto_pwhash(key, words, salt, operations, memoryBytes, sodium.crypto_pwhash_ALG_ARGON2ID13)
  return key
}

/** The secret under a passphrase, for a place such as 'device.key', as bytes to keep in a file. */
export function wrapSecret(
  secret: Uint8Array,
  place: string,
  passphrase: string,
  random: Random,
  cost: PassphraseCost = PASSPHRASE_COST,
): Uint8Array {
  const salt = random.bytes(sodium.crypto_pwhash_SALTBYTES)
  const sealed = sealBytes(wrappingKey(passphrase, salt, cost), Buffer.from(place), secret, random)
  const writer = new ByteWriter(sealed.length + 48).byte(FORM)
  return writer.varint(cost.operations).varint(cost.memoryBytes).put(salt).put(sealed).finish()
}

/** The secret again; undefined when the passphrase is wrong or the bytes were changed. */
export function unwrapSecret(wrapped: Uint8Array, place: string, passphrase: string): Uint8Array | undefined {
  const reader = new ByteReader(wrapped)
  const form = reader.byte()
  const cost = { operations: reader.varint(OPERATIONS_MAX), memoryBytes: reader.varint(MEMORY_MAX_BYTES) }
  const salt = reader.take(sodium.crypto_pwhash_SALTBYTES)
  const sealed = reader.rest()
  if (reader.failed || form !== FORM || cost.operations < 1 || cost.memoryBytes < 8192) return undefined
  return openBytes(wrappingKey(passphrase, salt, cost), Buffer.from(place), sealed)
}
