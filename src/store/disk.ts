/**
 * The narrow port between the log and whatever keeps its bytes: ordered keys, atomic batches, a sync that means
 * power loss. It is this small so that the simulator's disk, which can lose and refuse writes on purpose, is
 * held to the same contract suite (`diskContract`) as the real one.
 */

export type DiskFault =
  /** Another process has it open. */
  | 'locked'
  /** No space: nothing of the batch was written. */
  | 'full'
  /** What is there cannot be read as it was written. */
  | 'damaged'
  /** Anything else that the disk refuses. */
  | 'failed'

/** What a disk rejects with; `message` is a sentence that names the place. */
export class DiskError extends Error {
  readonly kind: DiskFault
  /** Of a full disk, where it is known: what has to be free before it is written to again. */
  readonly neededBytes: number | undefined

  constructor(kind: DiskFault, message: string, cause?: unknown, neededBytes?: number) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'DiskError'
    this.kind = kind
    this.neededBytes = neededBytes
  }
}

export type DiskOp =
  | { readonly type: 'put'; readonly key: Uint8Array; readonly value: Uint8Array }
  | { readonly type: 'del'; readonly key: Uint8Array }

export const put = (key: Uint8Array, value: Uint8Array): DiskOp => ({ type: 'put', key, value })
export const del = (key: Uint8Array): DiskOp => ({ type: 'del', key })

/** Keys in [gte, lt), by byte order. */
export interface Range {
  readonly gte: Uint8Array
  readonly lt: Uint8Array
  readonly reverse?: boolean
  readonly limit?: number
  /** Leaves the values unread: every value is empty. */
  readonly keysOnly?: boolean
}

export type Entry = readonly [key: Uint8Array, value: Uint8Array]

/** Everything may reject with a DiskError. Arrays that are handed in must not change before the answer. */
export interface Disk {
  get(key: Uint8Array): Promise<Uint8Array | undefined>
  /** Only for the writer, which decides about a batch between two others: blocks the process. */
  getSync(key: Uint8Array): Uint8Array | undefined
  getMany(keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]>
  /**
   * Writes all or nothing, in the order of the calls. Resolves when readers see it and, with `sync`, when it
   * and everything before it survives a power loss.
   */
  batch(ops: readonly DiskOp[], how: { readonly sync: boolean }): Promise<void>
  /** Entries as they were when the first was asked for. Leaving the loop early releases what it holds. */
  range(range: Range): AsyncIterable<Entry>
  /**
   * To be called after a failed batch, before the next one. Afterwards the failed batch is there whole or not
   * at all. Rejects, and may be called again, while the disk cannot be used.
   */
  heal(): Promise<void>
  close(): Promise<void>
}
