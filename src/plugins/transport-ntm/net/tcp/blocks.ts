/**
 * Memory for what waits in queues, used over and over. A fresh block for each 64 KiB that pass would pile up outside of
 * the heap until the garbage collector looks through all of it: an eighth of the time of whoever receives a file. Blocks of a
 * file have a pool of their own, in `files/rooms.ts`: they are larger, and one transfer has them.
 */

export const BLOCK_MAX_BYTES = 64 * 1024
/** 4 MiB that the process keeps, for all of its connections. */
const SPARE_MAX = 64

const spare: Buffer[] = []

/** A block with anything in it. */
export const takeBlock = (bytes: number): Buffer =>
  (bytes === BLOCK_MAX_BYTES ? spare.pop() : undefined) ?? Buffer.allocUnsafeSlow(bytes)

/** Nobody looks at it any more. Smaller ones are not worth keeping. */
export const giveBlock = (block: Buffer): void => {
  if (block.length === BLOCK_MAX_BYTES && spare.length < SPARE_MAX) spare.push(block)
}
