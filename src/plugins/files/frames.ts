/**
 * Frames of the file protocol (SPEC.md §4): a type, a length and so many bytes. A frame is judged by its head before
 * any room is made for it, so that nobody can make this side allocate more than what it is waiting for.
 */
import { type EventId, ID_BYTES, idFromBytes, idToBytes } from '../../events/ids.ts'
import { ok, type Result, refuse } from '../../events/result.ts'
import { HASH_BYTES } from './block-tree.ts'
import { BLOCK_BYTES, GROUP_BLOCKS, PROTOCOL_VERSION } from './limits.ts'
import { freshRoom, type MakeRoom } from './rooms.ts'

/** What is asked has a low number, what is answered a high one. */
export const FRAME = { get: 1, again: 2, done: 3, found: 0x81, leaves: 0x82, block: 0x83, no: 0x84 } as const
const HEAD_BYTES = 4
const INDEX_BYTES = 4
const FOUND_HEAD_BYTES = 9
const GET_BYTES = 1 + ID_BYTES + INDEX_BYTES
/** Later versions may ask for more; they must be read far enough to be told that they are later. */
const GET_MAX_BYTES = 256

/** Why nothing more comes. */
const NO = { unknown: 1, changed: 2, busy: 3, version: 4, unreadable: 5 } as const
export type NoReason = keyof typeof NO

export interface Frame {
  readonly type: number
  readonly payload: Uint8Array
}

export type FrameFault = 'unexpected-type' | 'length'
/** The length that a frame of this type may have now; undefined where the type is not expected. */
export type Allowed = (type: number) => readonly [least: number, most: number] | undefined

/** Cuts a stream into frames. Holds one frame at a time. */
export class FrameReader {
  readonly #allowed: Allowed
  readonly #room: MakeRoom
  readonly #head = new Uint8Array(HEAD_BYTES)
  #headBytes = 0
  #payload: Uint8Array | undefined
  #filled = 0
  #fault: FrameFault | undefined

  /** `room`: where payloads are put. */
  constructor(allowed: Allowed, room = freshRoom) {
    this.#allowed = allowed
    this.#room = room
  }

  /**
   * Hands every frame that ends in this chunk to `take`, and stops for good when that says false. Payloads belong to
   * whoever takes them. The first fault is the last word.
   */
  read(chunk: Uint8Array, take: (frame: Frame) => boolean): Result<void, FrameFault> {
    let at = 0
    while (this.#fault === undefined) {
      at += this.#payload === undefined ? this.#readHead(chunk, at) : this.#readPayload(chunk, at)
      if (this.#fault !== undefined || this.#payload === undefined || this.#filled < this.#payload.length) {
        if (at >= chunk.length) break
        continue
      }
      const frame = { type: this.#head[0]!, payload: this.#payload }
      this.#payload = undefined
      this.#headBytes = 0
      if (!take(frame)) return ok(undefined)
    }
    return this.#fault === undefined ? ok(undefined) : refuse(this.#fault)
  }

  #readHead(chunk: Uint8Array, at: number): number {
    const part = chunk.subarray(at, at + HEAD_BYTES - this.#headBytes)
    this.#head.set(part, this.#headBytes)
    this.#headBytes += part.length
    if (this.#headBytes === HEAD_BYTES) this.#begin()
    return part.length
  }

  #begin(): void {
    const [type = 0, high = 0, middle = 0, low = 0] = this.#head
    const length = (high << 16) | (middle << 8) | low
    const range = this.#allowed(type)
    if (range === undefined) this.#fault = 'unexpected-type'
    else if (length < range[0] || length > range[1]) this.#fault = 'length'
    else this.#payload = this.#room(length)
    this.#filled = 0
  }

  #readPayload(chunk: Uint8Array, at: number): number {
    const payload = this.#payload!
    const part = chunk.subarray(at, at + payload.length - this.#filled)
    payload.set(part, this.#filled)
    this.#filled += part.length
    return part.length
  }
}

/** The head of a frame with a payload of so many bytes, and room for what stands at its beginning. */
function frameOf(type: number, length: number, room = length): Buffer {
  const frame = Buffer.alloc(HEAD_BYTES + room)
  frame.writeUInt32BE(type * 2 ** 24 + length)
  return frame
}

export interface Get {
  readonly offer: EventId
  /** The first block that is wanted. */
  readonly from: number
}

export function encodeGet({ offer, from }: Get, version = PROTOCOL_VERSION): Uint8Array {
  const frame = frameOf(FRAME.get, GET_BYTES)
  frame[HEAD_BYTES] = version
  frame.set(idToBytes(offer), HEAD_BYTES + 1)
  frame.writeUInt32BE(from, HEAD_BYTES + 1 + ID_BYTES)
  return frame
}

export function encodeAgain(block: number): Uint8Array {
  const frame = frameOf(FRAME.again, INDEX_BYTES)
  frame.writeUInt32BE(block, HEAD_BYTES)
  return frame
}

export const encodeDone = (): Uint8Array => frameOf(FRAME.done, 0)

export function encodeFound(bytes: number, nodes: Uint8Array): Uint8Array {
  const frame = frameOf(FRAME.found, FOUND_HEAD_BYTES + nodes.length)
  frame[HEAD_BYTES] = PROTOCOL_VERSION
  frame.writeBigUInt64BE(BigInt(bytes), HEAD_BYTES + 1)
  frame.set(nodes, HEAD_BYTES + FOUND_HEAD_BYTES)
  return frame
}

export function encodeLeaves(group: number, leaves: Uint8Array): Uint8Array {
  const frame = frameOf(FRAME.leaves, INDEX_BYTES + leaves.length)
  frame.writeUInt32BE(group, HEAD_BYTES)
  frame.set(leaves, HEAD_BYTES + INDEX_BYTES)
  return frame
}

/** The beginning of a block's frame; its bytes follow. */
export function encodeBlockHead(block: number, length: number): Uint8Array {
  const frame = frameOf(FRAME.block, INDEX_BYTES + length, INDEX_BYTES)
  frame.writeUInt32BE(block, HEAD_BYTES)
  return frame
}

export function encodeNo(reason: NoReason): Uint8Array {
  const frame = frameOf(FRAME.no, 1)
  frame[HEAD_BYTES] = NO[reason]
  return frame
}

const viewOf = ({ buffer, byteOffset, byteLength }: Uint8Array): DataView =>
  new DataView(buffer, byteOffset, byteLength)

/** Payloads are of a length that `Allowed` let pass. */
export const readGet = (payload: Uint8Array): Result<Get, 'version'> =>
  payload[0] === PROTOCOL_VERSION && payload.length === GET_BYTES
    ? ok({
        offer: idFromBytes<EventId>(payload.subarray(1, 1 + ID_BYTES)),
        from: viewOf(payload).getUint32(1 + ID_BYTES),
      })
    : refuse('version')

export const readIndex = (payload: Uint8Array): number => viewOf(payload).getUint32(0)
export const afterIndex = (payload: Uint8Array): Uint8Array => payload.subarray(INDEX_BYTES)

export const readFound = (
  payload: Uint8Array,
): { readonly version: number; readonly bytes: bigint; readonly nodes: Uint8Array } => ({
  version: payload[0]!,
  bytes: viewOf(payload).getBigUint64(1),
  nodes: payload.subarray(FOUND_HEAD_BYTES),
})

/** A number that later versions may add means that it cannot be read now: what may pass, and costs nothing that is there. */
export const readNo = (payload: Uint8Array): NoReason =>
  (Object.keys(NO) as NoReason[]).find(reason => NO[reason] === payload[0]) ?? 'unreadable'

/** What somebody who asks may send. */
export const ASKED: Allowed = type => {
  if (type === FRAME.get) return [GET_BYTES, GET_MAX_BYTES]
  if (type === FRAME.again) return [INDEX_BYTES, INDEX_BYTES]
  return type === FRAME.done ? [0, 0] : undefined
}

/** What may be answered about a file with so many groups. */
export const answersAbout =
  (groups: number): Allowed =>
  type => {
    const foundBytes = FOUND_HEAD_BYTES + groups * HASH_BYTES
    if (type === FRAME.found) return [foundBytes, foundBytes]
    if (type === FRAME.leaves) return [INDEX_BYTES + HASH_BYTES, INDEX_BYTES + GROUP_BLOCKS * HASH_BYTES]
    if (type === FRAME.block) return [INDEX_BYTES + 1, INDEX_BYTES + BLOCK_BYTES]
    return type === FRAME.no ? [1, 1] : undefined
  }
