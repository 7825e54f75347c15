/**
 * TEXT and RUN frames: events of the sending device without what the receiver can rebuild. The layout is the
 * same for both, except that a run carries several events and the prefix of its first, so that a wrong guess
 * at its base is found out after one hash.
 */
import type { StreamId } from '../events/ids.ts'
import type { ByteReader } from './byte-reader.ts'
import { ByteWriter } from './byte-writer.ts'
import {
  DATA_MAX_BYTES,
  PREFIX_BYTES,
  REV_MAX,
  RUN_MAX_EVENTS,
  SALT_BYTES,
  SEEN_MAX,
  SIGNATURE_BYTES,
  TEXT_MAX_BYTES,
  TYPE_MAX_BYTES,
} from './limits.ts'
import { isUtf8 } from './utf8.ts'

/**
 * The author's event before the first one: the newest that the receiver acknowledged in this tunnel, one named
 * by its prefix, or none because the first one here is seq 0.
 */
export type BaseReference = 'acknowledged' | 'none' | { readonly prefix: string }

/** What the first event cites: nothing, one recent event of the receiver's own, or a list of prefixes. */
export type SeenReference = 'none' | 'receiver' | readonly string[]

/** A text stands for `chat.said` rev 1; anything else is given as it is. Flags are 0: kept events travel whole. */
export type CompactBody =
  | { readonly text: Uint8Array }
  | { readonly type: string; readonly rev: number; readonly data: Uint8Array }

export interface CompactEvent {
  /** `at` less the `at` of the event before (0 if there is none). */
  readonly sinceMs: number
  readonly salt: Uint8Array
  readonly body: CompactBody
}

export interface CompactFrame {
  /** `text`: one event. `run`: 2 to 64. */
  readonly kind: 'text' | 'run'
  /** Undefined: the direct stream of the two persons. */
  readonly stream: StreamId | undefined
  /** Of the last event's id, the one that is signed and acknowledged. */
  readonly prefix: string
  /** Of the first event's id; in a `text` the same as `prefix`. */
  readonly firstPrefix: string
  readonly base: BaseReference
  readonly seen: SeenReference
  readonly sig: Uint8Array
  readonly events: readonly CompactEvent[]
}

const STREAM_NAMED = 0x01
const BASE_SHIFT = 1
const SEEN_SHIFT = 3
const BODY_RAW = 0x20
const KNOWN_BITS = 0x3f
const BASE = { acknowledged: 0, named: 1, none: 2 } as const
const SEEN = { none: 0, receiver: 1, list: 2 } as const

function readBase(reader: ByteReader, mode: number): BaseReference {
  if (mode === BASE.acknowledged) return 'acknowledged'
  if (mode === BASE.named) return { prefix: reader.hex(PREFIX_BYTES) }
  if (mode !== BASE.none) reader.fail()
  return 'none'
}

function readSeen(reader: ByteReader, mode: number): SeenReference {
  if (mode === SEEN.none) return 'none'
  if (mode === SEEN.receiver) return 'receiver'
  const count = reader.byte()
  if (mode !== SEEN.list || count < 1 || count > SEEN_MAX) reader.fail()
  const prefixes: string[] = []
  for (let index = 0; index < count && !reader.failed; index += 1) prefixes.push(reader.hex(PREFIX_BYTES))
  return prefixes
}

function readBody(reader: ByteReader, isRaw: boolean, length: number): CompactBody {
  if (!isRaw) {
    const text = reader.take(length)
    if (text.length > TEXT_MAX_BYTES || !isUtf8(text)) reader.fail()
    return { text }
  }
  const before = reader.remaining
  const type = reader.ascii(reader.varint(TYPE_MAX_BYTES))
  const rev = reader.varint(REV_MAX)
  const data = reader.take(length - (before - reader.remaining))
  if (data.length > DATA_MAX_BYTES) reader.fail()
  return { type, rev, data }
}

function readRunEvents(reader: ByteReader): CompactEvent[] {
  const count = reader.byte()
  if (count < 2 || count > RUN_MAX_EVENTS) reader.fail()
  const events: CompactEvent[] = []
  for (let index = 0; index < count && !reader.failed; index += 1) {
    const [sinceMs, salt, head] = [reader.zigzag(), reader.take(SALT_BYTES), reader.varint()]
    events.push({ sinceMs, salt, body: readBody(reader, head % 2 === 1, Math.floor(head / 2)) })
  }
  return events
}

/** What follows the kind byte of a TEXT or RUN frame. */
export function readCompact(reader: ByteReader, kind: 'text' | 'run'): CompactFrame {
  const bits = reader.byte()
  const isRaw = (bits & BODY_RAW) !== 0
  if ((bits & ~KNOWN_BITS) !== 0 || (isRaw && kind === 'run')) reader.fail()
  const prefix = reader.hex(PREFIX_BYTES)
  const firstPrefix = kind === 'run' ? reader.hex(PREFIX_BYTES) : prefix
  const stream = (bits & STREAM_NAMED) === 0 ? undefined : reader.id<StreamId>()
  const base = readBase(reader, (bits >> BASE_SHIFT) & 3)
  const seen = readSeen(reader, (bits >> SEEN_SHIFT) & 3)
  const frame = { kind, stream, prefix, firstPrefix, base, seen }
  if (kind === 'run') return { ...frame, sig: reader.take(SIGNATURE_BYTES), events: readRunEvents(reader) }
  const sinceMs = reader.zigzag()
  const [salt, sig] = [reader.take(SALT_BYTES), reader.take(SIGNATURE_BYTES)]
  return { ...frame, sig, events: [{ sinceMs, salt, body: readBody(reader, isRaw, reader.remaining) }] }
}

const baseMode = (base: BaseReference): number =>
  base === 'acknowledged' ? BASE.acknowledged : base === 'none' ? BASE.none : BASE.named

const seenMode = (seen: SeenReference): number =>
  seen === 'none' ? SEEN.none : seen === 'receiver' ? SEEN.receiver : SEEN.list

function bitsOf({ kind, stream, base, seen, events }: CompactFrame): number {
  const isRaw = kind === 'text' && !('text' in events[0]!.body)
  const modes = (baseMode(base) << BASE_SHIFT) | (seenMode(seen) << SEEN_SHIFT)
  return (stream === undefined ? 0 : STREAM_NAMED) | modes | (isRaw ? BODY_RAW : 0)
}

function writeBody(writer: ByteWriter, body: CompactBody): void {
  if ('text' in body) writer.put(body.text)
  else writer.varint(body.type.length).ascii(body.type).varint(body.rev).put(body.data)
}

function writeRunEvent(writer: ByteWriter, { sinceMs, salt, body }: CompactEvent): void {
  writer.zigzag(sinceMs).put(salt)
  if ('text' in body) {
    writer.varint(body.text.length * 2).put(body.text)
    return
  }
  const raw = new ByteWriter(body.data.length + TYPE_MAX_BYTES)
  writeBody(raw, body)
  const bytes = raw.finish()
  writer.varint(bytes.length * 2 + 1).put(bytes)
}

/** Writes what follows the kind byte. */
export function writeCompact(writer: ByteWriter, frame: CompactFrame): void {
  const { kind, stream, base, seen, sig, events } = frame
  const [first] = events
  const [least, most] = kind === 'text' ? [1, 1] : [2, RUN_MAX_EVENTS]
  if (first === undefined || events.length < least || events.length > most) {
    throw new RangeError(`a ${kind} of ${events.length} events`)
  }
  writer.byte(bitsOf(frame)).hex(frame.prefix)
  if (kind === 'run') writer.hex(frame.firstPrefix)
  if (stream !== undefined) writer.hex(stream)
  if (typeof base === 'object') writer.hex(base.prefix)
  if (typeof seen === 'object') {
    writer.byte(seen.length)
    for (const prefix of seen) writer.hex(prefix)
  }
  if (kind === 'text') {
    writer.zigzag(first.sinceMs).put(first.salt).put(sig)
    writeBody(writer, first.body)
    return
  }
  writer.put(sig).byte(events.length)
  for (const event of events) writeRunEvent(writer, event)
}
