/**
 * This device's keys. One random seed yields the signing, tunnel and storage keys, each under its own label
 * (wire/SPEC.md §4); plugins get the `Keys` face, which does labelled operations and never shows a key. The
 * recovery key of a person is made from words and is never stored.
 */
import { entropyToMnemonic, mnemonicToSeedSync, validateMnemonic } from '@scure/bip39'
import { wordlist } from '@scure/bip39/wordlists/english.js'
import sodium from 'sodium-native'
import { idFromBytes, type TunnelKey } from '../events/ids.ts'
import { deriveKey } from '../wire/kdf.ts'
import {
  EVENT_SIGNATURE_LABEL,
  SIGNING_KEY_LABEL,
  STORAGE_KEY_LABEL,
  TUNNEL_KEY_LABEL,
} from '../wire/labels.ts'
import { type KeyPair, keyPairFromSeed, type Signer, signerOf, signLabelled } from '../wire/signature.ts'
import { ChatError, type Keys, type Random } from './api/index.ts'

const KEY_BYTES = 32
/** 128 bits: 12 words. */
const RECOVERY_ENTROPY_BYTES = 16

export interface DeviceKeys {
  readonly keys: Keys
  /** For the log only: what this device signs as its own events. */
  readonly signer: Signer
  /** Wraps what lies on this device's disk. */
  readonly storageKey: Uint8Array
}

/**
 * X25519, 32 bytes. A low-order public key yields zeros in place of a secret: a handshake with it fails at its
 * first authenticated byte, for the peer proved nothing.
 */
function sharedSecret(secretKey: Uint8Array, publicKey: Uint8Array): Uint8Array {
  const shared = new Uint8Array(KEY_BYTES)
  try {
    sodium.crypto_scalarmult(shared, secretKey, publicKey)
  } catch {
    shared.fill(0)
  }
  return shared
}

/** The keys of the device with this 32-byte seed. */
export function deviceKeys(seed: Uint8Array): DeviceKeys {
  const signing = keyPairFromSeed(deriveKey(seed, SIGNING_KEY_LABEL))
  const tunnelSecret = deriveKey(seed, TUNNEL_KEY_LABEL)
  const tunnelPublic = new Uint8Array(KEY_BYTES)
  sodium.crypto_scalarmult_base(tunnelPublic, tunnelSecret)
  const signer = signerOf(signing)
  const keys: Keys = {
    device: signer.device,
    tunnelKey: idFromBytes<TunnelKey>(tunnelPublic),
    agreeTunnel: peer => sharedSecret(tunnelSecret, peer),
    agree: (label, peer) => deriveKey(sharedSecret(tunnelSecret, peer), label),
    sign: (label, message) => {
      if (label.startsWith(EVENT_SIGNATURE_LABEL)) throw new ChatError('BUG', 'only the log signs events')
      return signLabelled(label, message, signing.secretKey)
    },
  }
  return { keys, signer, storageKey: deriveKey(seed, STORAGE_KEY_LABEL) }
}

/** A fresh device seed: 32 bytes. */
export const newSeed = (random: Random): Uint8Array => random.bytes(KEY_BYTES)

/** Twelve fresh words (BIP 39, English). */
export const newRecoveryWords = (random: Random): string =>
  entropyToMnemonic(random.bytes(RECOVERY_ENTROPY_BYTES), wordlist)

/** The recovery key of these words, however they are spaced or capitalised; undefined when they are none. */
export function recoveryKey(words: string): KeyPair | undefined {
  const plain = words.trim().toLowerCase().split(/\s+/).join(' ')
  if (!validateMnemonic(plain, wordlist)) return undefined
  return keyPairFromSeed(mnemonicToSeedSync(plain).subarray(0, KEY_BYTES))
}
