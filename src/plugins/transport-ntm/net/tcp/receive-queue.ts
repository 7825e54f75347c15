/**
 * What has arrived and was not yet read. Each byte is copied once, out of its packet to its place in a block, in
 * whatever order it comes; the reader gets views of the blocks, and may hand them back for what comes later. A queue that
 * holds nothing has no memory.
 */
import { BLOCK_MAX_BYTES, giveBlock, takeBlock } from './blocks.ts'
import { PIECES_MAX } from './limits.ts'
import { Ranges } from './ranges.ts'

const BLOCK_MIN_BYTES = 4 * 1024
/** A window of blocks is about so many of them. */
const BLOCKS_PER_WINDOW = 16

interface Block {
  readonly bytes: Buffer
  /** In views that were given to the reader and not handed back. */
  lentBytes: number
  /** The queue has no use for it any more. */
  isDone: boolean
}

export class ReceiveQueue {
  /** Everything below has arrived. */
  next = 1
  /** Everything below has been read. */
  readOffset = 1
  /** What has arrived beyond a gap. */
  readonly pieces = new Ranges()
  readonly #blocks = new Map<number, Block>()
  /** Whose the memory of a view is; forgotten with the memory. */
  readonly #lent = new WeakMap<ArrayBufferLike, Block>()
  /** Where block 0 begins. Chosen anew, as the size is, whenever the queue is empty. */
  #base = 1
  #blockBytes = BLOCK_MIN_BYTES

  /** Arrived in order and not read. */
  get unreadBytes(): number {
    return this.next - this.readOffset
  }

  /** Behind the last byte that has arrived. */
  get end(): number {
    return Math.max(this.next, this.pieces.end)
  }

  /**
   * Takes bytes that begin at `next` or behind it. False: it would be one piece too many. `windowBytes` tells how
   * much to expect.
   */
  take(from: number, bytes: Uint8Array, windowBytes: number): boolean {
    const to = from + bytes.length
    if (from > this.next && this.pieces.count >= PIECES_MAX && this.pieces.indexOf(from - 1) < 0) return false
    if (this.#blocks.size === 0) {
      this.#base = this.next
      const blockBytes = windowBytes / BLOCKS_PER_WINDOW
      this.#blockBytes = Math.max(BLOCK_MIN_BYTES, Math.min(BLOCK_MAX_BYTES, Math.ceil(blockBytes)))
    }
    this.#copy(from, bytes)
    if (from > this.next) {
      this.pieces.add(from, to)
      return true
    }
    this.next = to
    while (this.pieces.count > 0 && this.pieces.from(0) <= this.next)
      this.next = Math.max(this.next, this.pieces.shift())
    return true
  }

  /** A view of what comes next, as long as one block allows; undefined: nothing. */
  read(): Buffer | undefined {
    if (this.readOffset === this.next) return undefined
    const index = Math.floor((this.readOffset - this.#base) / this.#blockBytes)
    const start = this.#base + index * this.#blockBytes
    const end = Math.min(this.next, start + this.#blockBytes)
    const block = this.#blocks.get(index)!
    const view = block.bytes.subarray(this.readOffset - start, end - start)
    block.lentBytes += view.length
    this.readOffset = end
    const holdsMore = this.pieces.count > 0 && end < start + this.#blockBytes
    if (!holdsMore && (end === this.next || end === start + this.#blockBytes)) {
      this.#blocks.delete(index)
      block.isDone = true
    }
    return view
  }

  /** Nobody looks at a view any more that `read` gave; another one says nothing. */
  giveBack(view: Uint8Array): void {
    const block = this.#lent.get(view.buffer)
    if (block === undefined) return
    block.lentBytes -= view.length
    if (!block.isDone || block.lentBytes !== 0) return
    this.#lent.delete(view.buffer)
    giveBlock(block.bytes)
  }

  /** Nobody will read any more. */
  clear(): void {
    this.#blocks.clear()
    this.readOffset = this.next
    while (this.pieces.count > 0) this.pieces.shift()
  }

  #copy(from: number, bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length; ) {
      const place = from + done - this.#base
      const index = Math.floor(place / this.#blockBytes)
      const at = place - index * this.#blockBytes
      const count = Math.min(bytes.length - done, this.#blockBytes - at)
      this.#block(index).bytes.set(count === bytes.length ? bytes : bytes.subarray(done, done + count), at)
      done += count
    }
  }

  #block(index: number): Block {
    let block = this.#blocks.get(index)
    if (block === undefined) {
      block = { bytes: takeBlock(this.#blockBytes), lentBytes: 0, isDone: false }
      this.#blocks.set(index, block)
      this.#lent.set(block.bytes.buffer, block)
    }
    return block
  }
}
