/**
 * What was written and is not yet acknowledged. Written bytes are copied once into blocks, because their writer may
 * use its buffer again, and once more into each packet that carries them. An empty queue has no memory.
 */
import { BLOCK_MAX_BYTES, giveBlock, takeBlock } from './blocks.ts'

const BLOCK_MIN_BYTES = 1024

interface Block {
  readonly start: number
  readonly bytes: Buffer
  /** Behind the last offset that it holds. */
  end: number
}

export class SendQueue {
  /** Everything below has been acknowledged. */
  #start = 1
  /** Behind the last byte that was written. */
  end = 1
  #blocks: Block[] = []
  /** The block that was asked for last: the next question is mostly about the same. */
  #hint = 0

  get heldBytes(): number {
    return this.end - this.#start
  }

  write(bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length; ) {
      let tail = this.#blocks.at(-1)
      if (tail === undefined || tail.end - tail.start === tail.bytes.length)
        tail = this.#extend(bytes.length - done)
      const at = tail.end - tail.start
      const count = Math.min(bytes.length - done, tail.bytes.length - at)
      tail.bytes.set(bytes.subarray(done, done + count), at)
      tail.end += count
      this.end += count
      done += count
    }
  }

  /** Forgets what lies below `offset`. */
  acked(offset: number): void {
    this.#start = Math.min(offset, this.end)
    let gone = 0
    while (gone < this.#blocks.length && this.#blocks[gone]!.end <= this.#start)
      giveBlock(this.#blocks[gone++]!.bytes)
    if (gone === 0) return
    this.#blocks.splice(0, gone)
    this.#hint = 0
  }

  /** Puts `[from, to)` into `out`. */
  copyTo(out: Uint8Array, start: number, from: number, to: number): void {
    let at = start
    for (let offset = from; offset < to; ) {
      const block = this.#blockOf(offset)
      const end = Math.min(to, block.end)
      out.set(block.bytes.subarray(offset - block.start, end - block.start), at)
      at += end - offset
      offset = end
    }
  }

  clear(): void {
    for (const { bytes } of this.#blocks) giveBlock(bytes)
    this.#blocks = []
    this.#start = this.end
  }

  /** Many small writes share a block; it is larger, the more is held. */
  #extend(bytes: number): Block {
    const wanted = Math.max(BLOCK_MIN_BYTES, bytes, Math.floor(this.heldBytes / 4))
    const size = Math.min(BLOCK_MAX_BYTES, wanted)
    const block = { start: this.end, end: this.end, bytes: takeBlock(size) }
    this.#blocks.push(block)
    return block
  }

  #blockOf(offset: number): Block {
    const hinted = this.#blocks[this.#hint]
    if (hinted !== undefined && hinted.start <= offset && offset < hinted.end) return hinted
    let [low, high] = [0, this.#blocks.length - 1]
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#blocks[middle]!.end <= offset) low = middle + 1
      else high = middle
    }
    this.#hint = low
    return this.#blocks[low]!
  }
}
