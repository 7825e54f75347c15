/**
 * The side that wants a file, as a machine (SPEC.md §4): bytes of the stream in, steps out. It believes nothing but the
 * root that the offer named: every block that it hands out has been verified, in order, each once.
 */
import type { EventId } from '../../events/ids.ts'
import {
  blockCount,
  blockLength,
  groupCount,
  groupOf,
  HASH_BYTES,
  hashAt,
  isSame,
  leafHash,
  leavesIn,
  nodeHash,
  rootHash,
} from './block-tree.ts'
import {
  afterIndex,
  answersAbout,
  encodeAgain,
  encodeDone,
  encodeGet,
  FRAME,
  type Frame,
  FrameReader,
  type NoReason,
  readFound,
  readIndex,
  readNo,
} from './frames.ts'
import { DAMAGED_MAX, GROUP_BLOCKS, PROTOCOL_VERSION } from './limits.ts'
import { freshRoom, type MakeRoom } from './rooms.ts'

export interface Wanted {
  readonly offer: EventId
  readonly bytes: number
  readonly root: Uint8Array
  /** The first block that is missing. */
  readonly from: number
}

/** `damaged`: what comes from there does not fit the root; `nonsense`: it does not keep to the protocol. */
export type FetchFailure = NoReason | 'damaged' | 'nonsense'

export type FetchStep =
  | { readonly kind: 'send'; readonly bytes: Uint8Array }
  /** Verified hashes of a group: with them its blocks can be judged again after a restart. */
  | { readonly kind: 'leaves'; readonly group: number; readonly leaves: Uint8Array }
  | { readonly kind: 'block'; readonly index: number; readonly bytes: Uint8Array }
  /** It arrived damaged and is asked for again. */
  | { readonly kind: 'damaged'; readonly index: number }
  | { readonly kind: 'complete' }
  | { readonly kind: 'failed'; readonly why: FetchFailure }

export class Fetching {
  readonly #wanted: Wanted
  readonly #reader: FrameReader
  #nodes: Uint8Array | undefined
  #leaves: Uint8Array | undefined
  #group = -1
  #next: number
  /** What is under way was sent before the sender read that a block is wanted again. */
  #isSkipping = false
  #damagedTimes = 0
  #isOver = false

  /** `room`: where blocks are put; they belong to whoever gets them. */
  constructor(wanted: Wanted, room: MakeRoom = freshRoom) {
    this.#wanted = wanted
    this.#next = wanted.from
    this.#reader = new FrameReader(answersAbout(groupCount(wanted.bytes)), room)
  }

  /** What to send first. */
  begin(): Uint8Array {
    const { offer, from } = this.#wanted
    return encodeGet({ offer, from })
  }

  receive(chunk: Uint8Array): readonly FetchStep[] {
    const steps: FetchStep[] = []
    if (this.#isOver) return steps
    const read = this.#reader.read(chunk, frame => {
      this.#take(frame, steps)
      return !this.#isOver
    })
    if (!read.ok) this.#fail('nonsense', steps)
    return steps
  }

  #take({ type, payload }: Frame, steps: FetchStep[]): undefined {
    if (type === FRAME.no) return this.#fail(readNo(payload), steps)
    if (type === FRAME.found) return this.#takeFound(payload, steps)
    if (this.#nodes === undefined) return this.#fail('nonsense', steps)
    if (type === FRAME.leaves) this.#takeLeaves(readIndex(payload), afterIndex(payload), steps)
    else this.#takeBlock(readIndex(payload), afterIndex(payload), steps)
  }

  #takeFound(payload: Uint8Array, steps: FetchStep[]): undefined {
    const { bytes, root } = this.#wanted
    const found = readFound(payload)
    if (found.version !== PROTOCOL_VERSION) return this.#fail('version', steps)
    if (this.#nodes !== undefined || found.bytes !== BigInt(bytes)) return this.#fail('nonsense', steps)
    if (!isSame(rootHash(bytes, found.nodes), root)) return this.#fail('damaged', steps)
    this.#nodes = found.nodes
    this.#finishIfComplete(steps)
  }

  #takeLeaves(group: number, leaves: Uint8Array, steps: FetchStep[]): undefined {
    // Once, unless they were asked for: saying them again and again would look as if something came.
    if (group !== groupOf(this.#next) || (group === this.#group && !this.#isSkipping))
      return this.#isSkipping ? undefined : this.#fail('nonsense', steps)
    const isWhole = leaves.length === leavesIn(this.#wanted.bytes, group) * HASH_BYTES
    if (!isWhole || !isSame(nodeHash(leaves), hashAt(this.#nodes!, group)))
      return this.#fail('damaged', steps)
    if (group !== this.#group) steps.push({ kind: 'leaves', group, leaves })
    this.#group = group
    this.#leaves = leaves
    this.#isSkipping = false
  }

  #takeBlock(index: number, bytes: Uint8Array, steps: FetchStep[]): undefined {
    if (this.#isSkipping) return undefined
    const isDue = index === this.#next && groupOf(index) === this.#group
    if (!isDue || bytes.length !== blockLength(this.#wanted.bytes, index))
      return this.#fail('nonsense', steps)
    const leaf = hashAt(this.#leaves!, index - this.#group * GROUP_BLOCKS)
    if (!isSame(leafHash(bytes), leaf)) return this.#askAgain(index, steps)
    this.#damagedTimes = 0
    this.#next += 1
    steps.push({ kind: 'block', index, bytes })
    this.#finishIfComplete(steps)
  }

  #askAgain(index: number, steps: FetchStep[]): undefined {
    this.#damagedTimes += 1
    steps.push({ kind: 'damaged', index })
    if (this.#damagedTimes === DAMAGED_MAX) return this.#fail('damaged', steps)
    this.#isSkipping = true
    steps.push({ kind: 'send', bytes: encodeAgain(index) })
  }

  #finishIfComplete(steps: FetchStep[]): undefined {
    if (this.#next < blockCount(this.#wanted.bytes)) return undefined
    this.#isOver = true
    steps.push({ kind: 'send', bytes: encodeDone() }, { kind: 'complete' })
  }

  #fail(why: FetchFailure, steps: FetchStep[]): undefined {
    this.#isOver = true
    steps.push({ kind: 'failed', why })
  }
}
