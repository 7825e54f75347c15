/**
 * Envelope ⇄ bytes, by hand (SPEC.md §6). What is signed must have exactly one form, so the reader refuses
 * every other spelling of the same values, and re-encoding what it read gives back the same bytes.
 */
import { type Envelope, KNOWN_FLAGS } from '../events/envelope.ts'
import type { EventId } from '../events/ids.ts'
import { ID_BYTES, NO_STREAM } from '../events/ids.ts'
import { ok, type Result, refuse } from '../events/result.ts'
import { EnvelopeCursor, type EnvelopeFault } from './envelope-cursor.ts'
import {
  AT_MAX,
  DATA_MAX_BYTES,
  ENVELOPE_MAX_BYTES,
  FLAGS_MAX,
  REV_MAX,
  SEEN_MAX,
  TYPE_MAX_BYTES,
} from './limits.ts'

export const ENVELOPE_FORMAT = 1
const TWELVE_FIELDS = 0x9c
const BIN8 = 0xc4
const STR8 = 0xd9
const NIL = 0xc0
const GRAPHIC_ASCII = /^[\x21-\x7e]+$/

/** What holds between the fields of an envelope beyond their own form. */
function disagreement(envelope: Envelope): EnvelopeFault | undefined {
  const { stream, seq, prev, seen } = envelope
  if ((seq === 0) !== (prev === undefined)) return 'prev-and-seq-disagree'
  if (stream === NO_STREAM && (seq !== 0 || seen.length > 0)) return 'not-a-founding-event'
  for (let index = 0; index < seen.length; index += 1) {
    if (seen[index] === prev) return 'seen-cites-prev'
    if (index > 0 && seen[index]! <= seen[index - 1]!) return 'seen-not-sorted'
  }
  return undefined
}

const isWithin = (value: number, max: number): boolean =>
  Number.isInteger(value) && value >= 0 && value <= max

/** Why no reader would accept these values, if so. Ids are taken to be ids. */
export function envelopeFault(envelope: Envelope): EnvelopeFault | undefined {
  const { fmt, seq, seen, at, type, rev, flags, dataLen } = envelope
  if (fmt !== ENVELOPE_FORMAT) return 'not-an-envelope'
  if (!isWithin(seq, Number.MAX_SAFE_INTEGER) || !isWithin(at, AT_MAX)) return 'integer-too-large'
  if (!isWithin(rev, REV_MAX) || !isWithin(dataLen, DATA_MAX_BYTES)) return 'integer-too-large'
  if (!isWithin(flags, FLAGS_MAX)) return 'integer-too-large'
  if ((flags & ~KNOWN_FLAGS) !== 0) return 'needs-newer'
  if (type.length > TYPE_MAX_BYTES || !GRAPHIC_ASCII.test(type)) return 'not-a-type'
  return seen.length > SEEN_MAX ? 'too-many-seen' : disagreement(envelope)
}

/**
 * Reads an envelope, strictly. `needs-newer`: a later format, or a flag unknown here; not an offence, the gate
 * holds such an event until the program is newer.
 */
export function decodeEnvelope(bytes: Uint8Array): Result<Envelope, EnvelopeFault> {
  if (bytes.length > ENVELOPE_MAX_BYTES) return refuse('too-long')
  const cursor = new EnvelopeCursor(bytes)
  const head = cursor.byte()
  const fmt = cursor.byte()
  if (fmt > ENVELOPE_FORMAT && fmt <= 0x7f && head > 0x90 && head <= 0x9f) return refuse('needs-newer')
  if (head !== TWELVE_FIELDS || fmt !== ENVELOPE_FORMAT) return refuse('not-an-envelope')
  const envelope: Envelope = {
    fmt,
    stream: cursor.id(),
    author: cursor.id(),
    seq: cursor.integer(Number.MAX_SAFE_INTEGER),
    prev: cursor.idOrNil(),
    seen: cursor.ids(),
    at: cursor.integer(AT_MAX),
    type: cursor.type(),
    rev: cursor.integer(REV_MAX),
    flags: cursor.integer(FLAGS_MAX),
    dataLen: cursor.integer(DATA_MAX_BYTES),
    dataHash: cursor.id(),
  }
  const fault = cursor.finish() ?? disagreement(envelope)
  if (fault !== undefined) return refuse(fault)
  return (envelope.flags & ~KNOWN_FLAGS) === 0 ? ok(envelope) : refuse('needs-newer')
}

const scratch = Buffer.allocUnsafeSlow(ENVELOPE_MAX_BYTES)

function writeInteger(value: number, at: number): number {
  if (value < 0x80) return scratch.writeUInt8(value, at)
  if (value < 0x1_00) return scratch.writeUInt8(value, scratch.writeUInt8(0xcc, at))
  if (value < 0x1_0000) return scratch.writeUInt16BE(value, scratch.writeUInt8(0xcd, at))
  if (value < 0x1_0000_0000) return scratch.writeUInt32BE(value, scratch.writeUInt8(0xce, at))
  const high = scratch.writeUInt32BE(Math.floor(value / 0x1_0000_0000), scratch.writeUInt8(0xcf, at))
  return scratch.writeUInt32BE(value % 0x1_0000_0000, high)
}

function writeId(id: string, at: number): number {
  scratch[at] = BIN8
  scratch[at + 1] = ID_BYTES
  const written = scratch.write(id, at + 2, 'hex')
  if (id.length !== 2 * ID_BYTES || written !== ID_BYTES) throw new RangeError(`not an id: ${id}`)
  return at + 2 + ID_BYTES
}

function writeSeen(seen: readonly EventId[], at: number): number {
  let next = scratch.writeUInt8(0x90 | seen.length, at)
  for (const id of seen) next = writeId(id, next)
  return next
}

function writeType(type: string, at: number): number {
  const next =
    type.length < 32
      ? scratch.writeUInt8(0xa0 | type.length, at)
      : scratch.writeUInt8(type.length, scratch.writeUInt8(STR8, at))
  return next + scratch.write(type, next, 'latin1')
}

/** The one byte form of an envelope; throws on what no reader would accept, which is our own mistake. */
export function encodeEnvelope(envelope: Envelope): Uint8Array {
  const fault = envelopeFault(envelope)
  if (fault !== undefined) throw new RangeError(`an envelope cannot be written: ${fault}`)
  let at = scratch.writeUInt8(TWELVE_FIELDS, 0)
  at = scratch.writeUInt8(ENVELOPE_FORMAT, at)
  at = writeId(envelope.stream, at)
  at = writeId(envelope.author, at)
  at = writeInteger(envelope.seq, at)
  at = envelope.prev === undefined ? scratch.writeUInt8(NIL, at) : writeId(envelope.prev, at)
  at = writeSeen(envelope.seen, at)
  at = writeInteger(envelope.at, at)
  at = writeType(envelope.type, at)
  at = writeInteger(envelope.rev, at)
  at = writeInteger(envelope.flags, at)
  at = writeInteger(envelope.dataLen, at)
  at = writeId(envelope.dataHash, at)
  // In Node's pool, at a third of the price of memory of its own.
  const { buffer, byteOffset, length } = Buffer.from(scratch.subarray(0, at))
  return new Uint8Array(buffer, byteOffset, length)
}
