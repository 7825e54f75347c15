/**
 * The frames of the text protocol: what one inner UDP datagram between two chatting devices says (SPEC.md §10).
 * The first byte names the kind. The author of everything spoken of is the device at the sending end of a text
 * and at the receiving end of an acknowledgement; the stream is the two persons' own unless it is named.
 */
import type { EventId, StreamId } from '../events/ids.ts'
import { ok, type Result, refuse } from '../events/result.ts'
import { ByteReader } from './byte-reader.ts'
import { ByteWriter } from './byte-writer.ts'
import { type CompactFrame, readCompact, writeCompact } from './frame-compact.ts'
import { FRAGMENT_BYTES, FRAGMENTS_MAX, LONG_FRAME_MAX_BYTES, PREFIX_BYTES, WANT_MAX } from './limits.ts'
import type { SealedParts } from './open.ts'
import { readSealedList, writeSealedList } from './sealed-codec.ts'

const FRAME_KIND = {
  text: 1,
  full: 2,
  ack: 3,
  needFull: 4,
  fragment: 5,
  fragmentAck: 6,
  run: 7,
  read: 8,
  refused: 9,
  want: 10,
} as const

/** The first 8 bytes of an event's id, as hex. */
export type IdPrefix = string
export const prefixOf = (id: EventId): IdPrefix => id.slice(0, 2 * PREFIX_BYTES)

/** Why a text is refused for good. Other numbers are reasons of a newer program. */
export const REFUSAL = { unspecified: 0, notAccepted: 1, invalid: 2, noRoom: 3, needsNewer: 4 } as const

/** One or more sealed events, whole: a run. */
export interface FullFrame {
  readonly kind: 'full'
  readonly events: readonly SealedParts[]
}

/** `ack`: this event, and all before it by its author, are admitted and on disk. `read`: and were shown. */
export interface PointerFrame {
  readonly kind: 'ack' | 'read'
  readonly stream: StreamId | undefined
  readonly seq: number
  readonly prefix: IdPrefix
}

/** The event could not be rebuilt: send it whole, with what comes before it. */
export interface NeedFullFrame {
  readonly kind: 'needFull'
  readonly stream: StreamId | undefined
  readonly prefix: IdPrefix
  /** The first seq of the author that the receiver lacks: 0 when it has nothing. */
  readonly from: number
}

export interface RefusedFrame {
  readonly kind: 'refused'
  readonly stream: StreamId | undefined
  readonly prefix: IdPrefix
  readonly reason: number
}

/** An event came that builds on these, which the receiver lacks although they are its own. */
export interface WantFrame {
  readonly kind: 'want'
  readonly stream: StreamId | undefined
  readonly ids: readonly EventId[]
}

/** A piece of a frame that is too long for one datagram. */
export interface FragmentFrame {
  readonly kind: 'fragment'
  /** The kind byte of the frame that is cut. */
  readonly of: number
  readonly prefix: IdPrefix
  readonly index: number
  readonly count: number
  readonly bytes: Uint8Array
}

export interface FragmentAckFrame {
  readonly kind: 'fragmentAck'
  readonly of: number
  readonly prefix: IdPrefix
  /** Bit i (of byte i >> 3, lowest first) is set when piece i has arrived. */
  readonly received: Uint8Array
}

export type Frame =
  | CompactFrame
  | FullFrame
  | PointerFrame
  | NeedFullFrame
  | RefusedFrame
  | WantFrame
  | FragmentFrame
  | FragmentAckFrame

export type FrameFault = 'too-long' | 'unknown-kind' | 'not-a-frame'

const STREAM_NAMED = 1
const CUTTABLE: readonly number[] = [FRAME_KIND.text, FRAME_KIND.full, FRAME_KIND.run]

const readStream = (reader: ByteReader, bits: number): StreamId | undefined => {
  if ((bits & ~STREAM_NAMED) !== 0) reader.fail()
  return bits === STREAM_NAMED ? reader.id<StreamId>() : undefined
}

function readFragment(reader: ByteReader): FragmentFrame {
  const of = reader.byte()
  const prefix = reader.hex(PREFIX_BYTES)
  const [index, count, bytes] = [reader.byte(), reader.byte(), reader.rest()]
  const isLast = index === count - 1
  const hasSize =
    bytes.length > 0 && (isLast ? bytes.length <= FRAGMENT_BYTES : bytes.length === FRAGMENT_BYTES)
  if (!CUTTABLE.includes(of) || count < 2 || count > FRAGMENTS_MAX || index >= count || !hasSize)
    reader.fail()
  return { kind: 'fragment', of, prefix, index, count, bytes }
}

function readFragmentAck(reader: ByteReader): FragmentAckFrame {
  const of = reader.byte()
  const prefix = reader.hex(PREFIX_BYTES)
  const received = reader.rest()
  if (!CUTTABLE.includes(of) || received.length < 1 || received.length > FRAGMENTS_MAX / 8) reader.fail()
  return { kind: 'fragmentAck', of, prefix, received }
}

function readPointer(reader: ByteReader, kind: 'ack' | 'read'): PointerFrame {
  const bits = reader.byte()
  const [seq, prefix] = [reader.varint(), reader.hex(PREFIX_BYTES)]
  return { kind, stream: readStream(reader, bits), seq, prefix }
}

function readNeedFull(reader: ByteReader): NeedFullFrame {
  const bits = reader.byte()
  const [from, prefix] = [reader.varint(), reader.hex(PREFIX_BYTES)]
  return { kind: 'needFull', stream: readStream(reader, bits), prefix, from }
}

function readRefused(reader: ByteReader): RefusedFrame {
  const bits = reader.byte()
  const [reason, prefix] = [reader.byte(), reader.hex(PREFIX_BYTES)]
  return { kind: 'refused', stream: readStream(reader, bits), prefix, reason }
}

function readWant(reader: ByteReader): WantFrame {
  const bits = reader.byte()
  const count = reader.byte()
  if (count === 0 || count > WANT_MAX) reader.fail()
  const ids = Array.from({ length: reader.failed ? 0 : count }, () => reader.id<EventId>())
  return { kind: 'want', stream: readStream(reader, bits), ids }
}

function readFull(reader: ByteReader): FullFrame {
  const events = readSealedList(reader)
  if (events.length === 0) reader.fail()
  return { kind: 'full', events }
}

function readKind(kind: number, reader: ByteReader): Frame | undefined {
  switch (kind) {
    case FRAME_KIND.text:
      return readCompact(reader, 'text')
    case FRAME_KIND.full:
      return readFull(reader)
    case FRAME_KIND.ack:
      return readPointer(reader, 'ack')
    case FRAME_KIND.needFull:
      return readNeedFull(reader)
    case FRAME_KIND.fragment:
      return readFragment(reader)
    case FRAME_KIND.fragmentAck:
      return readFragmentAck(reader)
    case FRAME_KIND.run:
      return readCompact(reader, 'run')
    case FRAME_KIND.read:
      return readPointer(reader, 'read')
    case FRAME_KIND.refused:
      return readRefused(reader)
    case FRAME_KIND.want:
      return readWant(reader)
    default:
      return undefined
  }
}

/** Reads a datagram, or a frame joined from fragments. Byte fields of the result are views of the input. */
export function decodeFrame(bytes: Uint8Array): Result<Frame, FrameFault> {
  if (bytes.length > LONG_FRAME_MAX_BYTES) return refuse('too-long')
  const reader = new ByteReader(bytes)
  const frame = readKind(reader.byte(), reader)
  if (frame === undefined) return refuse(bytes.length === 0 ? 'not-a-frame' : 'unknown-kind')
  return reader.finished ? ok(frame) : refuse('not-a-frame')
}

/** The bytes of a frame. One longer than FRAME_MAX_BYTES has to be cut by `splitFrame`. */
export function encodeFrame(frame: Frame): Uint8Array {
  const writer = new ByteWriter(frame.kind === 'ack' ? 16 : 256)
  writer.byte(FRAME_KIND[frame.kind])
  switch (frame.kind) {
    case 'text':
    case 'run':
      writeCompact(writer, frame)
      break
    case 'full':
      writeSealedList(writer, frame.events)
      break
    case 'fragment':
      writer.byte(frame.of).hex(frame.prefix).byte(frame.index).byte(frame.count).put(frame.bytes)
      break
    case 'fragmentAck':
      writer.byte(frame.of).hex(frame.prefix).put(frame.received)
      break
    case 'want':
      writeWant(writer, frame)
      break
    default:
      writeShort(writer, frame)
  }
  const bytes = writer.finish()
  if (bytes.length > LONG_FRAME_MAX_BYTES)
    throw new RangeError(`a frame of ${bytes.length} bytes is too long`)
  return bytes
}

function writeWant(writer: ByteWriter, { stream, ids }: WantFrame): void {
  writer.byte(stream === undefined ? 0 : STREAM_NAMED).byte(ids.length)
  for (const id of ids) writer.hex(id)
  if (stream !== undefined) writer.hex(stream)
}

function writeShort(writer: ByteWriter, frame: PointerFrame | NeedFullFrame | RefusedFrame): void {
  writer.byte(frame.stream === undefined ? 0 : STREAM_NAMED)
  if (frame.kind === 'refused') writer.byte(frame.reason)
  else writer.varint(frame.kind === 'needFull' ? frame.from : frame.seq)
  writer.hex(frame.prefix)
  if (frame.stream !== undefined) writer.hex(frame.stream)
}
