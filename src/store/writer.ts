/**
 * The one writer, with group commit: while a batch is on its way to the disk the next one gathers, so that a
 * burst pays for one sync and a single commit waits for nothing. It gathers on top of the one on its way, which
 * spares the disk the wait for it; should that one fail, what was built on it falls with it.
 */
import { type Disk, DiskError, type DiskOp } from './disk.ts'

/** What the log tells the writer about one batch. */
export interface Ledger<G> {
  /**
   * An empty batch that builds on the one on its way, or starts where the disk stands. Throws when nothing may
   * be written any more.
   */
  begin(onTop: G | undefined): G
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

interface Batch<G> {
  readonly group: G
  readonly joined: { readonly member: Member<G>; readonly value: unknown }[]
}

export class Writer<G> {
  readonly #disk: Disk
  readonly #ledger: Ledger<G>
  #waiting: Member<G>[] = []
  #underWay: Batch<G> | undefined
  /** The one that gathers. */
  #next: Batch<G> | undefined
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
   * Joins the next batch. `join` is called once, in the order of the commits, and must add all or nothing; if it
   * throws, only this commit is refused. Resolves with what `join` returned once the batch is on the disk, and
   * synced if anyone in it asked for that. Rejects when the batch failed, or the one before it: then nothing of
   * it was kept, and what the caller remembers of the log may be out of date.
   */
  commit<T>(join: (group: G) => T, how: { readonly sync: boolean }): Promise<T> {
    if (this.#closed) return Promise.reject(new DiskError('failed', 'the log is closed'))
    return new Promise<T>((resolve, reject) => {
      this.#waiting.push({ sync: how.sync, join, resolve, reject })
      if (this.#underWay !== undefined) this.#gather()
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
    while (this.#waiting.length > 0 || this.#next !== undefined) await this.#writeOne()
    this.#running = undefined
  }

  async #writeOne(): Promise<void> {
    try {
      if (this.#mustHeal) await this.#heal()
    } catch (error) {
      for (const member of this.#waiting.splice(0)) member.reject(error)
      return
    }
    this.#gather()
    const batch = this.#takeNext()
    if (batch === undefined) return
    this.#underWay = batch
    try {
      await this.#write(batch)
      this.#ledger.landed(batch.group)
    } catch (error) {
      const fallen = [...batch.joined, ...(this.#takeNext()?.joined ?? [])]
      for (const { member } of fallen) member.reject(error)
      return
    } finally {
      this.#underWay = undefined
    }
    for (const { member, value } of batch.joined) member.resolve(value as never)
  }

  #takeNext(): Batch<G> | undefined {
    const next = this.#next
    this.#next = undefined
    return next
  }

  async #write({ group, joined }: Batch<G>): Promise<void> {
    const ops = this.#ledger.operations(group)
    if (ops.length === 0) return
    try {
      await this.#disk.batch(ops, { sync: joined.some(({ member }) => member.sync) })
    } catch (error) {
      this.#mustHeal = true
      throw error
    }
  }

  /** Takes what waits into the next batch, as far as there is room. */
  #gather(): void {
    let taken = 0
    try {
      this.#next ??= { group: this.#ledger.begin(this.#underWay?.group), joined: [] }
      const { group, joined } = this.#next
      for (const member of this.#waiting) {
        if (this.#ledger.isFull(group)) break
        taken += 1
        try {
          joined.push({ member, value: member.join(group) })
        } catch (error) {
          member.reject(error)
        }
      }
    } catch (error) {
      for (const member of this.#waiting) member.reject(error)
      taken = this.#waiting.length
    }
    this.#waiting.splice(0, taken)
  }

  async #heal(): Promise<void> {
    await this.#disk.heal()
    await this.#ledger.recovered()
    this.#mustHeal = false
  }
}
