/**
 * The values of the keyspace as bytes. They were sealed by this device, so a value that does not read is
 * damage, not an attack; all the same the readers are bounded and say so instead of throwing.
 */
import type { Opened, Recorded } from '../events/envelope.ts'
import {
  type DeviceId,
  type EventId,
  ID_BYTES,
  idFromBytes,
  idToBytes,
  type Millis,
  type StreamId,
} from '../events/ids.ts'
import { ByteReader } from '../wire/byte-reader.ts'
import { ByteWriter } from '../wire/byte-writer.ts'
import { ENVELOPE_MAX_BYTES, SALT_BYTES, SIGNATURE_BYTES } from '../wire/limits.ts'
import { openSealed, type SealedParts } from '../wire/open.ts'

/** What is recorded of an event, without its position, which is its key. */
type RecordValue = Omit<Recorded, 'position' | 'status'>

type Writable<T> = { -readonly [K in keyof T]: T[K] }

const FROM_DEVICE = 1
const HAS_SIGNATURE = 2
const HAS_DATA = 4
const KNOWN_BITS = FROM_DEVICE | HAS_SIGNATURE | HAS_DATA
const HEAD_BYTES = 56

/** Bits, receivedAt, the device it came from, the envelope's length; then envelope, signature, salt and data. */
export function encodeRecord({ receivedAt, via, event }: RecordValue): Uint8Array {
  const { bytes, sig, salt, data } = event
  const isWhole = salt !== undefined && data !== undefined
  const bits =
    (via === 'self' ? 0 : FROM_DEVICE) | (sig === undefined ? 0 : HAS_SIGNATURE) | (isWhole ? HAS_DATA : 0)
  const head = new ByteWriter(HEAD_BYTES).byte(bits).varint(receivedAt)
  if (via !== 'self') head.put(idToBytes(via))
  const parts = [head.varint(bytes.length).finish(), bytes]
  if (sig !== undefined) parts.push(sig)
  if (isWhole) parts.push(salt, data)
  return Buffer.concat(parts)
}

/** The record, with its id and data hash computed anew, or why it cannot be one. Its parts are views of the input. */
export function decodeRecord(record: Uint8Array): RecordValue | { readonly fault: string } {
  const reader = new ByteReader(record)
  const bits = reader.byte()
  const receivedAt: Millis = reader.varint()
  const via = (bits & FROM_DEVICE) === 0 ? 'self' : reader.id<DeviceId>()
  // Filled in field by field: a replay decodes a million of these, and spreading an object costs more than a hash.
  const parts: Writable<SealedParts> = { bytes: reader.take(reader.varint(ENVELOPE_MAX_BYTES)) }
  if ((bits & HAS_SIGNATURE) !== 0) parts.sig = reader.take(SIGNATURE_BYTES)
  if ((bits & HAS_DATA) !== 0) {
    parts.salt = reader.take(SALT_BYTES)
    parts.data = reader.rest()
  }
  if (!reader.finished || (bits & ~KNOWN_BITS) !== 0) return { fault: 'not-a-record' }
  const opened = openSealed(parts)
  return opened.ok ? { receivedAt, via, event: opened.value } : { fault: opened.why }
}

/** The event without what may be dropped: the chain still verifies. */
export function withoutData({ id, bytes, sig, envelope }: Opened): Opened {
  return sig === undefined ? { id, bytes, envelope } : { id, bytes, sig, envelope }
}

export const encodePosition = (position: number): Uint8Array => new ByteWriter(6).varint(position).finish()

export function decodePosition(bytes: Uint8Array): number | undefined {
  const reader = new ByteReader(bytes)
  const position = reader.varint()
  return reader.finished ? position : undefined
}

export const encodeStream = (stream: StreamId): Uint8Array => idToBytes(stream)

export const decodeStream = (bytes: Uint8Array): StreamId | undefined =>
  bytes.length === ID_BYTES ? idFromBytes<StreamId>(bytes) : undefined

/** The last event of one branch of an author's chain. More than one branch is a fork. */
export interface Branch {
  readonly seq: number
  readonly id: EventId
}
export interface AuthorTips {
  readonly author: DeviceId
  readonly branches: readonly Branch[]
}

/** Two prove a fork; the gate lets more in only when others build on them. */
export const BRANCHES_MAX = 16

export function encodeTips({ author, branches }: AuthorTips): Uint8Array {
  const writer = new ByteWriter(80).put(idToBytes(author)).varint(branches.length)
  for (const { seq, id } of branches) writer.varint(seq).put(idToBytes(id))
  return writer.finish()
}

export function decodeTips(bytes: Uint8Array): AuthorTips | undefined {
  const reader = new ByteReader(bytes)
  const author = idFromBytes<DeviceId>(reader.take(ID_BYTES))
  const count = reader.varint(BRANCHES_MAX)
  const branches: Branch[] = []
  for (let index = 0; index < count; index += 1)
    branches.push({ seq: reader.varint(), id: idFromBytes<EventId>(reader.take(ID_BYTES)) })
  return reader.finished ? { author, branches } : undefined
}

/** A projection's state as it was after folding everything up to and including the position. */
export interface Snapshot {
  readonly version: number
  readonly position: number
  readonly state: Uint8Array
}

export const encodeSnapshot = ({ version, position, state }: Snapshot): Uint8Array =>
  new ByteWriter(state.length + 16).varint(version).varint(position).put(state).finish()

export function decodeSnapshot(bytes: Uint8Array): Snapshot | undefined {
  const reader = new ByteReader(bytes)
  const version = reader.varint()
  const position = reader.varint()
  const state = reader.rest().slice()
  return reader.failed ? undefined : { version, position, state }
}

/** One pair that a plugin keeps; the key in the clear again. */
export type OwnPair = readonly [key: string, value: Uint8Array]

export function encodeOwn([key, value]: OwnPair): Uint8Array {
  const name = Buffer.from(key)
  return new ByteWriter(name.length + value.length + 4).varint(name.length).put(name).put(value).finish()
}

export function decodeOwn(bytes: Uint8Array): OwnPair | undefined {
  const reader = new ByteReader(bytes)
  const key = Buffer.from(reader.take(reader.varint())).toString()
  const value = reader.rest().slice()
  return reader.failed ? undefined : [key, value]
}

/** Something that happened beside the events. */
export interface JournalEntry {
  readonly at: Millis
  readonly about: EventId | DeviceId | undefined
  readonly what: string
}

export const NOTE_MAX_BYTES = 1024

/** A longer `what` is cut: the journal is bounded by its count of entries, so each must be bounded too. */
export function encodeNote({ at, about, what }: JournalEntry): Uint8Array {
  const text = Buffer.from(what).subarray(0, NOTE_MAX_BYTES)
  const writer = new ByteWriter(text.length + ID_BYTES + 8).varint(at).byte(about === undefined ? 0 : 1)
  if (about !== undefined) writer.put(idToBytes(about))
  return writer.put(text).finish()
}

export function decodeNote(bytes: Uint8Array): JournalEntry | undefined {
  const reader = new ByteReader(bytes)
  const at = reader.varint()
  const about = reader.byte() === 0 ? undefined : idFromBytes<EventId>(reader.take(ID_BYTES))
  const what = Buffer.from(reader.rest()).toString()
  return reader.failed ? undefined : { at, about, what }
}
