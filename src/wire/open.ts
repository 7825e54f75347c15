/**
 * A stranger's sealed event becomes an opened one: the envelope is read, the id recomputed, the data compared
 * with what the envelope commits to. Opening says nothing about who wrote it; that is `verifyRun`'s part.
 */
import { isKept, type Opened, type Sealed } from '../events/envelope.ts'
import { ok, type Result, refuse } from '../events/result.ts'
import { checkData } from './data-grammar.ts'
import { decodeEnvelope } from './envelope-codec.ts'
import type { EnvelopeFault } from './envelope-cursor.ts'
import { dataHash, eventId } from './hash.ts'
import { SALT_BYTES, SIGNATURE_BYTES } from './limits.ts'

/** A sealed event as it arrives: the id is never taken from the sender. */
export type SealedParts = Omit<Sealed, 'id'>

export type OpenFault =
  | EnvelopeFault
  | 'bad-signature-length'
  | 'salt-without-data'
  | 'data-not-as-committed'
  | 'kept-data-missing'
  | 'kept-data-unreadable'
  | 'kept-unsigned'

/**
 * Opens one sealed event. Absent data is legal (dropped, or fetched later) unless the event is kept; a kept
 * event must carry its own signature and data that can be read, because every device has to judge it alike.
 * The result holds the given bytes, not copies.
 */
export function openSealed(parts: SealedParts): Result<Opened, OpenFault> {
  const { bytes, sig, salt, data } = parts
  const decoded = decodeEnvelope(bytes)
  if (!decoded.ok) return decoded
  const envelope = decoded.value
  if (sig !== undefined && sig.length !== SIGNATURE_BYTES) return refuse('bad-signature-length')
  if ((salt === undefined) !== (data === undefined)) return refuse('salt-without-data')
  if (salt !== undefined && data !== undefined) {
    const isCommitted = salt.length === SALT_BYTES && data.length === envelope.dataLen
    if (!isCommitted || dataHash(salt, data) !== envelope.dataHash) return refuse('data-not-as-committed')
  }
  if (isKept(envelope)) {
    if (data === undefined) return refuse('kept-data-missing')
    if (sig === undefined) return refuse('kept-unsigned')
    if (!checkData(data).ok) return refuse('kept-data-unreadable')
  }
  const opened: { -readonly [K in keyof Opened]: Opened[K] } = { id: eventId(bytes), bytes, envelope }
  if (sig !== undefined) opened.sig = sig
  if (salt !== undefined && data !== undefined) {
    opened.salt = salt
    opened.data = data
  }
  return ok(opened)
}
