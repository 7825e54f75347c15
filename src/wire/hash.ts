/**
 * The hashes of this project, under a label: BLAKE2b-256 for all, SHA-256 for what is long (decision 18). Small inputs
 * are joined in a scratch buffer that lives as long as the process, because one native call over joined bytes costs less
 * than three over parts.
 */
import { createHash } from 'node:crypto'
import sodium from 'sodium-native'
import { type EventId, ID_BYTES } from '../events/ids.ts'
import { DATA_LABEL, EVENT_LABEL } from './labels.ts'

const SCRATCH_BYTES = 4096
const scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES)
const digest = Buffer.allocUnsafeSlow(ID_BYTES)

function digestOf(label: string, parts: readonly Uint8Array[]): Buffer {
  let length = label.length
  for (const part of parts) length += part.length
  if (length > SCRATCH_BYTES) {
    sodium.crypto_generichash_batch(digest, [Buffer.from(label, 'latin1'), ...parts])
    return digest
  }
  scratch.write(label, 0, 'latin1')
  let at = label.length
  for (const part of parts) {
    scratch.set(part, at)
    at += part.length
  }
  sodium.crypto_generichash(digest, scratch.subarray(0, length))
  return digest
}

/** BLAKE2b-256(label ‖ parts), 32 bytes that the caller may keep. The label is ASCII. */
export const labelledHash = (label: string, ...parts: readonly Uint8Array[]): Uint8Array =>
  new Uint8Array(digestOf(label, parts))

/** The same as lower-case hex: how ids and data hashes live in memory. */
export const labelledHashHex = (label: string, ...parts: readonly Uint8Array[]): string =>
  digestOf(label, parts).toString('hex')

/** SHA-256(label ‖ bytes), 32 bytes. The label is ASCII. */
export const labelledSha256 = (label: string, bytes: Uint8Array): Uint8Array =>
  createHash('sha256').update(label, 'latin1').update(bytes).digest()

/** The id of the event whose envelope these bytes are. */
export const eventId = (envelopeBytes: Uint8Array): EventId =>
  labelledHashHex(EVENT_LABEL, envelopeBytes) as EventId

/** The commitment of an envelope to its data, as hex. */
export const dataHash = (salt: Uint8Array, data: Uint8Array): string =>
  labelledHashHex(DATA_LABEL, salt, data)
