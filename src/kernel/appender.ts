/**
 * The one way into the log. Own and foreign events queue here; while one batch is being synced the next gathers,
 * and what a batch says is decided when it is its turn, against the batch before it. After the sync the events
 * are told to everybody, in position order, and only then their senders get an answer.
 */
import type { Recorded } from '../events/envelope.ts'
import type { Appended, Arrival } from '../store/append-plan.ts'
import type { LogStore } from '../store/log-store.ts'
import { ChatError } from './api/index.ts'
import type { Asides } from './asides.ts'
import { storeFailure } from './store-failure.ts'
import type { StreamBook } from './stream-book.ts'

/** Something that may append. Its turn comes once everything that it must read is in memory. */
export interface Job {
  /** Reads what `decide` needs; undefined when that is in memory already. */
  prepare(): Promise<void> | undefined
  /** What to append. Throws when this job, and only this one, is to be refused. */
  decide(): readonly Arrival[]
  /** After the sync: what was decided, with positions. */
  landed(recorded: readonly Recorded[]): void
  /** Nothing of it was kept. */
  failed(error: unknown): void
}

/** Events in one batch: about a tenth of a second of work for the slowest of disks. */
const BATCH_EVENTS_MAX = 1024

interface Decided {
  readonly job: Job
  readonly count: number
}

interface AppenderParts {
  readonly store: Pick<LogStore, 'append'>
  readonly book: StreamBook
  /** What joins the commit. */
  readonly asides: Asides
  /** Told of every event after its sync, before anybody gets an answer. */
  publish(recorded: Recorded): void
}

export class Appender {
  readonly #parts: AppenderParts
  #queue: Job[] = []
  #isRunning = false
  #preparing = 0
  #closed = false
  /** What comes out of a decision belongs to what was asked for, also while closing. */
  #isDeciding = false
  #idle: (() => void)[] = []

  constructor(parts: AppenderParts) {
    this.#parts = parts
  }

  enqueue(job: Job): void {
    if (this.#closed && !this.#isDeciding) {
      job.failed(new ChatError('NOT_RUNNING', 'the log is being closed'))
      return
    }
    if (!this.#isPreparing(job)) this.#take(job)
  }

  /** Lets what was asked for finish; what comes later is refused. */
  async close(): Promise<void> {
    this.#closed = true
    if (this.#isRunning || this.#preparing > 0) await new Promise<void>(resolve => this.#idle.push(resolve))
  }

  #take(job: Job): void {
    this.#queue.push(job)
    if (this.#isRunning) return
    this.#isRunning = true
    queueMicrotask(() => void this.#run())
  }

  /** Whether the job must wait for the disk; it queues again by itself when it need not any more. */
  #isPreparing(job: Job): boolean {
    const wait = job.prepare()
    if (wait === undefined) return false
    this.#preparing += 1
    wait.then(
      () => {
        this.#preparing -= 1
        this.#take(job)
      },
      error => {
        this.#preparing -= 1
        job.failed(storeFailure(error))
        this.#tellIdle()
      },
    )
    return true
  }

  async #run(): Promise<void> {
    while (this.#queue.length > 0) {
      const arrivals: Arrival[] = []
      const decided = this.#decide(arrivals)
      if (arrivals.length === 0) for (const { job } of decided) job.landed([])
      else await this.#write(arrivals, decided)
    }
    this.#isRunning = false
    if (this.#preparing === 0) this.#parts.book.trim()
    this.#tellIdle()
  }

  #decide(arrivals: Arrival[]): readonly Decided[] {
    const decided: Decided[] = []
    const queue = this.#queue
    let taken = 0
    this.#isDeciding = true
    while (taken < queue.length && arrivals.length < BATCH_EVENTS_MAX) {
      const job = queue[taken++]!
      // What it needs may have been forgotten while it waited.
      if (this.#isPreparing(job)) continue
      try {
        const wanted = job.decide()
        for (const arrival of wanted) arrivals.push(arrival)
        decided.push({ job, count: wanted.length })
      } catch (error) {
        job.failed(error)
      }
    }
    this.#isDeciding = false
    queue.splice(0, taken)
    return decided
  }

  async #write(arrivals: readonly Arrival[], decided: readonly Decided[]): Promise<void> {
    let appended: readonly Appended[]
    try {
      appended = await this.#append(arrivals)
    } catch (error) {
      this.#parts.book.forget()
      for (const { job } of decided) job.failed(storeFailure(error))
      return
    }
    for (const { recorded, isNew } of appended) if (isNew) this.#parts.publish(recorded)
    let at = 0
    for (const { job, count } of decided) {
      job.landed(appended.slice(at, at + count).map(({ recorded }) => recorded))
      at += count
    }
  }

  async #append(arrivals: readonly Arrival[]): Promise<readonly Appended[]> {
    const { store, asides } = this.#parts
    const beside = asides.take()
    const result = await store.append(arrivals, beside).catch(error => {
      asides.giveBack(beside)
      throw error
    })
    if (result.ok) return result.value
    asides.giveBack(beside)
    throw new ChatError('BUG', `the log refused what the gate had admitted: ${result.why}`)
  }

  #tellIdle(): void {
    if (this.#isRunning || this.#preparing > 0) return
    for (const tell of this.#idle.splice(0)) tell()
  }
}
