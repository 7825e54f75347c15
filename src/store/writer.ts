/**
 * The one writer, with group commit: while a batch is on its way to the disk the next ones gather into one, so
 * that a burst pays for one sync and a single commit waits for nothing. What a batch says is decided when it is
 * its turn, between two others, so a commit never builds on something that may still fail.
 */
import { type Disk, DiskError, type DiskOp } from './disk.ts'

/** What the log tells the writer about one batch. */
export interface Ledger<G> {
  /** An empty batch that starts where the disk stands. Throws when nothing may be written any more. */
  begin(): G
  /** What has gathered, as one batch. */
  operations(group: G): readonly DiskOp[]
  /** Enough for one batch: the rest waits for the next. */
  isFull(group: G): boolean
  /** The batch is on the disk. */
  landed(group: G): void
  /** After a failed batch and a healed disk: looks where the log stands. Throws when it cannot go on. */
  recovered(): Promise<void>
}

interface Member<G> {
  readonly sync: boolean
  readonly join: (group: G) => unknown
  readonly resolve: (value: never) => void
  readonly reject: (error: unknown) => void
}

interface Joined<G> {
  readonly member: Member<G>
  readonly value: unknown
}

export class Writer<G> {
  readonly #disk: Disk
  readonly #ledger: Ledger<G>
  #waiting: Member<G>[] = []
  #running: Promise<void> | undefined
  #mustHeal = false
  #closed = false

  constructor(disk: Disk, ledger: Ledger<G>) {
    this.#disk = disk
    this.#ledger = ledger
  }

  get isBusy(): boolean {
    return this.#running !== undefined
  }

  /**
   * Joins the next batch. `join` is called once, when that batch is built, and must add all or nothing; if it
   * throws, only this commit is refused. Resolves with what `join` returned once the batch is on the disk, and
   * synced if anyone in it asked for that. Rejects when the batch failed: then nothing of it was kept, and
   * what the caller remembers of the log may be out of date.
   */
  commit<T>(join: (group: G) => T, how: { readonly sync: boolean }): Promise<T> {
    if (this.#closed) return Promise.reject(new DiskError('failed', 'the log is closed'))
    return new Promise<T>((resolve, reject) => {
      this.#waiting.push({ sync: how.sync, join, resolve, reject })
      this.#running ??= this.#run()
    })
  }

  /** Resolves when nothing is waiting or on its way. */
  async settled(): Promise<void> {
    while (this.#running !== undefined) await this.#running
  }

  /** Lets what was asked for finish and takes nothing more. */
  async close(): Promise<void> {
    this.#closed = true
    await this.settled()
  }

  async #run(): Promise<void> {
    // Lets everything that is asked for in the same moment into the first batch.
    await undefined
    while (this.#waiting.length > 0) await this.#writeOne()
    this.#running = undefined
  }

  async #writeOne(): Promise<void> {
    let joined: Joined<G>[] = []
    try {
      if (this.#mustHeal) await this.#heal()
      const group = this.#ledger.begin()
      joined = this.#gather(group)
      const ops = this.#ledger.operations(group)
      if (ops.length > 0) await this.#write(ops, joined)
      this.#ledger.landed(group)
    } catch (error) {
      const failed = joined.length > 0 ? joined.map(({ member }) => member) : this.#waiting.splice(0)
      for (const member of failed) member.reject(error)
      return
    }
    for (const { member, value } of joined) member.resolve(value as never)
  }

  async #write(ops: readonly DiskOp[], joined: readonly Joined<G>[]): Promise<void> {
    try {
      await this.#disk.batch(ops, { sync: joined.some(({ member }) => member.sync) })
    } catch (error) {
      this.#mustHeal = true
      throw error
    }
  }

  #gather(group: G): Joined<G>[] {
    const joined: Joined<G>[] = []
    let taken = 0
    for (const member of this.#waiting) {
      if (this.#ledger.isFull(group)) break
      taken += 1
      try {
        joined.push({ member, value: member.join(group) })
      } catch (error) {
        member.reject(error)
      }
    }
    this.#waiting.splice(0, taken)
    return joined
  }

  async #heal(): Promise<void> {
    await this.#disk.heal()
    await this.#ledger.recovered()
    this.#mustHeal = false
  }
}
