/**
 * Sealed events on the move: in FULL frames and in proofs of persons (SPEC.md §8). The id is not
 * written, because a receiver recomputes it in any case.
 */
import { ok, type Result, refuse } from '../events/result.ts'
import { ByteReader } from './byte-reader.ts'
import { ByteWriter } from './byte-writer.ts'
import { DATA_MAX_BYTES, ENVELOPE_MAX_BYTES, RUN_MAX_EVENTS, SALT_BYTES, SIGNATURE_BYTES } from './limits.ts'
import type { SealedParts } from './open.ts'

export type SealedFault = 'not-sealed'

const HAS_SIGNATURE = 1
const HAS_DATA = 2
const KNOWN_BITS = HAS_SIGNATURE | HAS_DATA

function writeSealed(writer: ByteWriter, sealed: SealedParts): void {
  const { bytes, sig, salt, data } = sealed
  const isWhole = salt !== undefined && data !== undefined
  writer.byte((sig === undefined ? 0 : HAS_SIGNATURE) | (isWhole ? HAS_DATA : 0))
  writer.varint(bytes.length).put(bytes)
  if (sig !== undefined) writer.put(sig)
  if (isWhole) writer.put(salt).varint(data.length).put(data)
}

/** Reads one event and copies it out of the input, which may be a buffer that is used again. */
function readSealed(reader: ByteReader): SealedParts {
  const bits = reader.byte()
  if ((bits & ~KNOWN_BITS) !== 0) reader.fail()
  const bytes = new Uint8Array(reader.take(reader.varint(ENVELOPE_MAX_BYTES)))
  const sig = (bits & HAS_SIGNATURE) === 0 ? undefined : new Uint8Array(reader.take(SIGNATURE_BYTES))
  if ((bits & HAS_DATA) === 0) return sig === undefined ? { bytes } : { bytes, sig }
  const salt = new Uint8Array(reader.take(SALT_BYTES))
  const data = new Uint8Array(reader.take(reader.varint(DATA_MAX_BYTES)))
  return sig === undefined ? { bytes, salt, data } : { bytes, sig, salt, data }
}

const sizeOf = ({ bytes, data }: SealedParts): number => bytes.length + (data?.length ?? 0) + 96

/** One sealed event. */
export function encodeSealed(sealed: SealedParts): Uint8Array {
  const writer = new ByteWriter(sizeOf(sealed))
  writeSealed(writer, sealed)
  return writer.finish()
}

/** One sealed event and nothing after it; what it says is judged by `openSealed`. */
export function decodeSealed(bytes: Uint8Array): Result<SealedParts, SealedFault> {
  const reader = new ByteReader(bytes)
  const parts = readSealed(reader)
  return reader.finished ? ok(parts) : refuse('not-sealed')
}

/** Sealed events one after the other, their number first: a run, or any other list of at most 64. */
export function writeSealedList(writer: ByteWriter, events: readonly SealedParts[]): void {
  if (events.length > RUN_MAX_EVENTS)
    throw new RangeError(`${events.length} events are too many for one list`)
  writer.varint(events.length)
  for (const event of events) writeSealed(writer, event)
}

/** The events of a list, each still to be opened; the reader says whether they were well-formed. */
export function readSealedList(reader: ByteReader): SealedParts[] {
  const count = reader.varint(RUN_MAX_EVENTS)
  const events: SealedParts[] = []
  for (let index = 0; index < count && !reader.failed; index += 1) events.push(readSealed(reader))
  return events
}
