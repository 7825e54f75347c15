/**
 * The options of a TCP header: maximum segment size, window scale, timestamps (RFC 7323), SACK permitted and SACK
 * (RFC 2018). Unknown ones are stepped over, and known ones of a wrong length are as good as absent; what cannot
 * be stepped over makes the whole segment worthless.
 */
import { readU16, writeU16 } from '../u16.ts'

const KIND = { end: 0, nothing: 1, mss: 2, windowScale: 3, sackPermitted: 4, sack: 5, timestamps: 8 } as const

const MSS_BYTES = 4
const WINDOW_SCALE_BYTES = 3
const SACK_PERMITTED_BYTES = 2
const TIMESTAMPS_BYTES = 10
const SACK_BLOCK_BYTES = 8

/** RFC 7323 §2.3: a larger one counts as this. */
const WINDOW_SCALE_MAX = 14

export const OPTIONS_BYTES_MAX = 40
export const SACK_BLOCKS_MAX = 4

/** Timestamps and two bytes that align them: what they take from every segment of a connection that uses them. */
export const TIMESTAMPS_ROOM_BYTES = 12

/** Mutable, because one is filled again for each segment. */
export class Options {
  /** 0: not there. */
  mss = 0
  /** -1: not there. */
  windowScale = -1
  isSackPermitted = false
  hasTimestamps = false
  timestamp = 0
  timestampEcho = 0
  /** Pairs of first and behind-last sequence number; `sackBlocks` of them mean something. */
  readonly sacks = new Uint32Array(2 * SACK_BLOCKS_MAX)
  sackBlocks = 0

  clear(): void {
    this.mss = 0
    this.windowScale = -1
    this.isSackPermitted = false
    this.hasTimestamps = false
    this.sackBlocks = 0
  }

  addSack(from: number, to: number): void {
    this.sacks[2 * this.sackBlocks] = from
    this.sacks[2 * this.sackBlocks + 1] = to
    this.sackBlocks++
  }
}

export const readU32 = (bytes: Uint8Array, at: number): number =>
  readU16(bytes, at) * 0x1_0000 + readU16(bytes, at + 2)

export const writeU32 = (bytes: Uint8Array, at: number, value: number): void => {
  writeU16(bytes, at, value >>> 16)
  writeU16(bytes, at + 2, value & 0xffff)
}

/** Fills `into` from `bytes[start, end)`. False: a length that leads nowhere. */
export const readOptions = (
  bytes: Uint8Array,
  start: number,
  end: number,
  isSyn: boolean,
  into: Options,
): boolean => {
  into.clear()
  for (let at = start; at < end; ) {
    const kind = bytes[at]!
    if (kind === KIND.end) return true
    if (kind === KIND.nothing) {
      at++
      continue
    }
    const length = at + 1 < end ? bytes[at + 1]! : 0
    if (length < 2 || at + length > end) return false
    if (isSyn) readSynOption(bytes, at, kind, length, into)
    readAnyOption(bytes, at, kind, length, into)
    at += length
  }
  return true
}

/** What means something while a connection is made, and nothing later. */
const readSynOption = (bytes: Uint8Array, at: number, kind: number, length: number, into: Options): void => {
  if (kind === KIND.mss && length === MSS_BYTES) into.mss = readU16(bytes, at + 2)
  if (kind === KIND.windowScale && length === WINDOW_SCALE_BYTES)
    into.windowScale = Math.min(bytes[at + 2]!, WINDOW_SCALE_MAX)
  if (kind === KIND.sackPermitted && length === SACK_PERMITTED_BYTES) into.isSackPermitted = true
}

const readAnyOption = (bytes: Uint8Array, at: number, kind: number, length: number, into: Options): void => {
  if (kind === KIND.timestamps && length === TIMESTAMPS_BYTES) {
    into.hasTimestamps = true
    into.timestamp = readU32(bytes, at + 2)
    into.timestampEcho = readU32(bytes, at + 6)
  }
  if (kind !== KIND.sack || (length - 2) % SACK_BLOCK_BYTES !== 0) return
  into.sackBlocks = 0
  for (let block = at + 2; block < at + length; block += SACK_BLOCK_BYTES)
    into.addSack(readU32(bytes, block), readU32(bytes, block + 4))
}

/** How many SACK blocks these options have room for, in so many bytes. */
export const sackRoom = (options: Options, roomBytes: number): number => {
  const room = Math.min(roomBytes, OPTIONS_BYTES_MAX) - optionsBytes(options) - 4
  return Math.max(0, Math.min(SACK_BLOCKS_MAX, Math.floor(room / SACK_BLOCK_BYTES)))
}

/** Length of what `writeOptions` writes: a multiple of four. */
export const optionsBytes = (options: Options): number =>
  (options.mss > 0 ? MSS_BYTES : 0) +
  (options.windowScale >= 0 ? 4 : 0) +
  (options.hasTimestamps ? TIMESTAMPS_ROOM_BYTES : 0) +
  (options.isSackPermitted ? 4 : 0) +
  (options.sackBlocks > 0 ? 4 + options.sackBlocks * SACK_BLOCK_BYTES : 0)

/** Writes them from `start` on, each padded in front to a multiple of four, and returns where they end. */
export const writeOptions = (out: Uint8Array, start: number, options: Options): number => {
  let at = start
  if (options.mss > 0) {
    at = writeKind(out, at, 0, KIND.mss, MSS_BYTES)
    writeU16(out, at - 2, options.mss)
  }
  if (options.isSackPermitted) at = writeKind(out, at, 2, KIND.sackPermitted, SACK_PERMITTED_BYTES)
  if (options.hasTimestamps) {
    at = writeKind(out, at, 2, KIND.timestamps, TIMESTAMPS_BYTES)
    writeU32(out, at - 8, options.timestamp)
    writeU32(out, at - 4, options.timestampEcho)
  }
  if (options.windowScale >= 0) {
    at = writeKind(out, at, 1, KIND.windowScale, WINDOW_SCALE_BYTES)
    out[at - 1] = options.windowScale
  }
  if (options.sackBlocks > 0) {
    const blocks = writeKind(out, at, 2, KIND.sack, 2)
    out[blocks - 1] = 2 + options.sackBlocks * SACK_BLOCK_BYTES
    for (let word = 0; word < 2 * options.sackBlocks; word++)
      writeU32(out, blocks + 4 * word, options.sacks[word]!)
    at = blocks + options.sackBlocks * SACK_BLOCK_BYTES
  }
  return at
}

const writeKind = (out: Uint8Array, start: number, padding: number, kind: number, length: number): number => {
  let at = start
  for (let padded = 0; padded < padding; padded++) out[at++] = KIND.nothing
  out[at] = kind
  out[at + 1] = length
  return at + length
}
