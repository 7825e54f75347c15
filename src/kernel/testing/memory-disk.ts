/**
 * A disk in memory that can lose power, run out of space and be slow, on purpose. It promises exactly what the
 * real one does and not a microtask more: what was not synced is gone after `crash()`, unless it is asked to
 * survive. No timers: slowness comes from the caller's own clock.
 */
import {
  type Disk,
  DiskError,
  type DiskFault,
  type DiskOp,
  type Entry,
  type Range,
} from '../../store/disk.ts'

export interface MemoryDiskFaults {
  /** Asked before each batch, counted from 1; an answer makes that batch fail, wholly unwritten. */
  fail?: (nth: number, sync: boolean) => DiskFault | undefined
  /** Waited for before a synced batch is written. */
  slowSync?: () => Promise<void>
  /** The planted fault: says that batches are synced, and does not sync them. */
  ignoresSync?: boolean
  /** The planted fault: says that a batch is synced before it is; `slowSync` then waits afterwards. */
  answersEarly?: boolean
}

const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1')
const EMPTY = new Uint8Array(0)

type Undo = readonly [key: string, before: Uint8Array | undefined]

export class MemoryDisk implements Disk {
  /** May be changed at any time. */
  readonly faults: MemoryDiskFaults
  /** In byte order: one latin1 character a byte. */
  readonly #keys: string[]
  readonly #values: Map<string, Uint8Array>
  /** How to take back each batch since the last sync, oldest first. */
  #unsynced: Undo[][] = []
  #tail: Promise<void> = Promise.resolve()
  #batches = 0
  #state: 'open' | 'closed' | 'crashed' = 'open'

  constructor(faults: MemoryDiskFaults = {}, entries: Iterable<readonly [string, Uint8Array]> = []) {
    this.faults = faults
    this.#values = new Map(entries)
    this.#keys = [...this.#values.keys()].sort()
  }

  async get(key: Uint8Array): Promise<Uint8Array | undefined> {
    return this.getSync(key)
  }

  getSync(key: Uint8Array): Uint8Array | undefined {
    this.#mustBeOpen()
    return this.#values.get(textOf(key))?.slice()
  }

  async getMany(keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    return keys.map(key => this.getSync(key))
  }

  batch(ops: readonly DiskOp[], { sync }: { readonly sync: boolean }): Promise<void> {
    const written = this.#tail.then(() => this.#write(ops, sync))
    this.#tail = written.catch(() => {})
    return written
  }

  async *range({ gte, lt, reverse = false, limit, keysOnly = false }: Range): AsyncGenerator<Entry> {
    this.#mustBeOpen()
    const found = this.#keys.slice(this.#indexOf(textOf(gte)), this.#indexOf(textOf(lt)))
    if (reverse) found.reverse()
    const entries = found
      .slice(0, limit)
      .map((key): Entry => [Buffer.from(key, 'latin1'), keysOnly ? EMPTY : this.#values.get(key)!.slice()])
    for (const entry of entries) {
      this.#mustBeOpen()
      yield entry
    }
  }

  async heal(): Promise<void> {
    this.#mustBeOpen()
  }

  async close(): Promise<void> {
    await this.#tail
    if (this.#state === 'open') this.#state = 'closed'
  }

  /**
   * Cuts the power and returns the disk that is found afterwards, with the same faults. Of the batches that
   * were written and not synced, the oldest `survivors` had reached the platter by chance.
   */
  crash(survivors = 0): MemoryDisk {
    this.#state = 'crashed'
    const values = new Map(this.#values)
    for (const undo of this.#unsynced.slice(survivors).reverse())
      for (const [key, before] of undo.toReversed()) {
        if (before === undefined) values.delete(key)
        else values.set(key, before)
      }
    return new MemoryDisk(this.faults, values)
  }

  /** The disk of a process that was stopped cleanly and is started again. */
  reopen(): MemoryDisk {
    this.#state = 'closed'
    return new MemoryDisk(this.faults, this.#values)
  }

  async #write(ops: readonly DiskOp[], sync: boolean): Promise<void> {
    this.#mustBeOpen()
    this.#batches += 1
    const fault = this.faults.fail?.(this.#batches, sync)
    if (fault !== undefined) throw new DiskError(fault, `batch ${this.#batches} failed on purpose: ${fault}`)
    if (sync && this.faults.answersEarly !== true) await this.faults.slowSync?.()
    this.#mustBeOpen()
    const batch = ops.map(op => this.#apply(op))
    this.#unsynced.push(batch)
    if (!sync || this.faults.ignoresSync === true) return
    if (this.faults.answersEarly === true) void this.faults.slowSync?.().then(() => this.#synced(batch))
    else this.#unsynced = []
  }

  #synced(batch: Undo[]): void {
    this.#unsynced = this.#unsynced.slice(this.#unsynced.indexOf(batch) + 1)
  }

  #apply(op: DiskOp): Undo {
    const key = textOf(op.key)
    const before = this.#values.get(key)
    if (op.type === 'put') {
      if (before === undefined) this.#keys.splice(this.#indexOf(key), 0, key)
      this.#values.set(key, op.value.slice())
    } else if (this.#values.delete(key)) {
      this.#keys.splice(this.#indexOf(key), 1)
    }
    return [key, before]
  }

  /** Where the key is, or would be. */
  #indexOf(key: string): number {
    let low = 0
    let high = this.#keys.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#keys[middle]! < key) low = middle + 1
      else high = middle
    }
    return low
  }

  #mustBeOpen(): void {
    if (this.#state !== 'open') throw new DiskError('failed', `the disk is ${this.#state}`)
  }
}
