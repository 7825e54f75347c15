/**
 * A node's own addresses, sealed to one device of the peer, so that the coordinator that passes them on
 * cannot read them (SPEC.md §6.5). Both devices share one secret by their tunnel keys; the additional data
 * names who seals to whom, so that nothing can be handed back to its author as the peer's.
 */
import sodium from 'sodium-native'
import { idToBytes, type TunnelKey } from '../../../events/ids.ts'
import { ok, type Result, refuse } from '../../../events/result.ts'
import type { Keys, Random, UdpEndpoint } from '../../../kernel/api/tokens.ts'
import { decodeEndpoint, encodeEndpoint } from '../../../wire/endpoint.ts'
import { CANDIDATES_MAX, SEALED_CANDIDATES_MAX_BYTES } from './limits.ts'

const CANDIDATES_LABEL = 'ntm.candidates.1'

/** In wire order, from 1. */
const CANDIDATE_KINDS = ['host', 'mapped', 'reflexive'] as const
export interface Candidate {
  readonly kind: (typeof CANDIDATE_KINDS)[number]
  readonly endpoint: UdpEndpoint
}

export type CandidatesFault = 'candidates-malformed' | 'candidates-forged'

const NONCE_BYTES = 24
const TAG_BYTES = 16
const ENTRY_BYTES = 19
const IPV4_BYTES = 4
const IPV6_BYTES = 16

/** Each in 19 bytes: kind with the family in its top bit, address padded with zeros, port. */
export function writeCandidates(candidates: readonly Candidate[]): Uint8Array {
  const entries: Uint8Array[] = []
  for (const { kind, endpoint } of candidates) {
    const encoded = encodeEndpoint(endpoint)
    if (!encoded.ok || entries.length === CANDIDATES_MAX) continue
    const isIpv6 = encoded.value.length > IPV4_BYTES + 2
    const entry = new Uint8Array(ENTRY_BYTES)
    entry[0] = (CANDIDATE_KINDS.indexOf(kind) + 1) | (isIpv6 ? 0x80 : 0)
    entry.set(encoded.value.subarray(0, -2), 1)
    entry.set(encoded.value.subarray(-2), ENTRY_BYTES - 2)
    entries.push(entry)
  }
  return Buffer.concat(entries)
}

function readCandidate(entry: Uint8Array): Candidate | undefined {
  const kind = CANDIDATE_KINDS[(entry[0]! & 0x7f) - 1]
  const addressBytes = (entry[0]! & 0x80) === 0 ? IPV4_BYTES : IPV6_BYTES
  const isPadded = entry.subarray(1 + addressBytes, ENTRY_BYTES - 2).every(byte => byte === 0)
  const address = entry.subarray(1, 1 + addressBytes)
  const endpoint = decodeEndpoint(Uint8Array.of(...address, ...entry.subarray(-2)))
  return kind === undefined || !isPadded || !endpoint.ok ? undefined : { kind, endpoint: endpoint.value }
}

/** At most 16; anything more, or anything else, is nothing. */
export function readCandidates(plain: Uint8Array): readonly Candidate[] | undefined {
  if (plain.length > CANDIDATES_MAX * ENTRY_BYTES || plain.length % ENTRY_BYTES !== 0) return undefined
  const candidates: Candidate[] = []
  for (let at = 0; at < plain.length; at += ENTRY_BYTES) {
    const candidate = readCandidate(plain.subarray(at, at + ENTRY_BYTES))
    if (candidate === undefined) return undefined
    candidates.push(candidate)
  }
  return candidates
}

export interface CandidateSealer {
  /** At most 16; addresses that cannot be written are left out. Undefined if the peer's key is no good. */
  seal(peer: TunnelKey, candidates: readonly Candidate[]): Uint8Array | undefined
  open(peer: TunnelKey, sealed: Uint8Array): Result<readonly Candidate[], CandidatesFault>
}

type SealerKeys = Pick<Keys, 'tunnelKey' | 'agree'>

/** XChaCha20-Poly1305 under the secret that both tunnel keys agree on for this purpose, random nonces. */
export function candidateSealer(keys: SealerKeys, random: Pick<Random, 'bytes'>): CandidateSealer {
  /** Undefined for keys of low order, which no honest device has. */
  const secretWith = (peer: TunnelKey): Uint8Array | undefined => {
    try {
      return keys.agree(CANDIDATES_LABEL, idToBytes(peer))
    } catch {
      return undefined
    }
  }
  return {
    seal(peer, candidates) {
      const secret = secretWith(peer)
      if (secret === undefined) return undefined
      const plain = writeCandidates(candidates)
      const nonce = random.bytes(NONCE_BYTES)
      const cipher = new Uint8Array(plain.length + TAG_BYTES)
      const ad = idToBytes(keys.tunnelKey + peer)
      sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(cipher, plain, ad, null, nonce, secret)
      return Buffer.concat([nonce, cipher])
    },
    open(peer, sealed) {
      const plainBytes = sealed.length - NONCE_BYTES - TAG_BYTES
      if (plainBytes < 0 || sealed.length > SEALED_CANDIDATES_MAX_BYTES) return refuse('candidates-malformed')
      if (plainBytes % ENTRY_BYTES !== 0) return refuse('candidates-malformed')
      const secret = secretWith(peer)
      if (secret === undefined) return refuse('candidates-forged')
      const plain = new Uint8Array(plainBytes)
      const ad = idToBytes(peer + keys.tunnelKey)
      if (!opens(plain, sealed, ad, secret)) return refuse('candidates-forged')
      const candidates = readCandidates(plain)
      return candidates === undefined ? refuse('candidates-malformed') : ok(candidates)
    },
  }
}

/** Decrypts into `plain`. libsodium's binding throws for what is forged. */
function opens(plain: Uint8Array, sealed: Uint8Array, ad: Uint8Array, secret: Uint8Array): boolean {
  const cipher = sealed.subarray(NONCE_BYTES)
  const nonce = sealed.subarray(0, NONCE_BYTES)
  try {
    sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(plain, null, cipher, ad, nonce, secret)
    return true
  } catch {
    return false
  }
}
