/**
 * A pool of buffers for blocks, used over and over. A fresh quarter of a megabyte for each block would pile up outside of the heap,
 * where the garbage collector does not see in time how much it is. The queues of TCP have theirs in `net/tcp/blocks.ts`.
 */
import { BLOCK_BYTES } from './limits.ts'

/** A block with what stands before it in a frame. */
const ROOM_BYTES = BLOCK_BYTES + 64
/** Anything much smaller is not worth a whole room. */
const SMALL_BYTES = BLOCK_BYTES / 4
const FREE_MAX = 16

/** Where so many bytes can be put. */
export type MakeRoom = (length: number) => Uint8Array
export const freshRoom: MakeRoom = length => new Uint8Array(length)

export class Rooms {
  readonly #free: ArrayBuffer[] = []

  /** Room for so many bytes, with anything in it. */
  take(length: number): Uint8Array {
    if (length < SMALL_BYTES || length > ROOM_BYTES) return new Uint8Array(length)
    return new Uint8Array(this.#free.pop() ?? new ArrayBuffer(ROOM_BYTES), 0, length)
  }

  /** Nobody looks at this block any more. What was not taken here is left alone. */
  give({ buffer }: Uint8Array): void {
    if (buffer instanceof ArrayBuffer && buffer.byteLength === ROOM_BYTES && this.#free.length < FREE_MAX)
      this.#free.push(buffer)
  }
}
