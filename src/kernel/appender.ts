/**
 * The one way into the log. Own and foreign events queue here, and what a batch says is decided when it is its
 * turn. While one batch is being synced the next gathers: who would gain nothing by waiting is decided at once, on
 * top of what is being synced, and falls with it. After the sync the events are told to everybody, in position
 * order, and only then their senders get an answer.
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
  /** Whether more that may come would change nothing about what it appends now. */
  readonly isRipe: boolean
  /** What to append. Throws when this job, and only this one, is to be refused. */
  decide(): readonly Arrival[]
  /** After the sync: what was decided, with positions. */
  landed(recorded: readonly Recorded[]): void
  /** Nothing of it was kept. */
  failed(error: unknown): void
}

/** Events that are being synced, or wait for it: about a tenth of a second of work for the slowest of disks. */
const UNDER_WAY_MAX = 1024
/** Ripe ones that are decided in one go, so that the disk works on these while the next are sealed. */
const GO_EVENTS_MAX = 512

/** What was decided in one go. */
interface Decided {
  readonly arrivals: Arrival[]
  readonly jobs: { readonly job: Job; readonly count: number }[]
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
  #isAwake = false
  #preparing = 0
  /** What was decided and is not on the disk yet. */
  #underWay = { goes: 0, events: 0 }
  /** Something under way was not kept: nothing is decided until the rest has fallen too. */
  #hasFallen = false
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

  /** A job that waits has grown, and may be ripe. */
  reconsider(): void {
    this.#wake()
  }

  /** Lets what was asked for finish; what comes later is refused. */
  async close(): Promise<void> {
    this.#closed = true
    if (!this.#isIdle) await new Promise<void>(resolve => this.#idle.push(resolve))
  }

  get #isIdle(): boolean {
    return !this.#isAwake && this.#underWay.goes === 0 && this.#preparing === 0
  }

  /** What is asked for in the same moment is decided in one go. */
  #take(job: Job): void {
    this.#queue.push(job)
    this.#wake()
  }

  #wake(): void {
    if (this.#isAwake) return
    this.#isAwake = true
    queueMicrotask(() => this.#goOn())
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

  #goOn(): void {
    while (this.#isTurn(this.#queue[0], 0)) {
      const decided = this.#decide()
      if (decided.arrivals.length > 0 || this.#underWay.goes > 0) void this.#write(decided)
      else for (const { job } of decided.jobs) job.landed([])
    }
    this.#isAwake = false
    if (this.#isIdle) this.#parts.book.trim()
    this.#tellIdle()
  }

  /** Whether the job may be decided in a go that has so many events already. */
  #isTurn(job: Job | undefined, gathered: number): boolean {
    if (job === undefined || this.#hasFallen) return false
    const { goes, events } = this.#underWay
    if (job.isRipe) return gathered < GO_EVENTS_MAX && events < UNDER_WAY_MAX
    return goes === 0 && gathered < UNDER_WAY_MAX
  }

  #decide(): Decided {
    const decided: Decided = { arrivals: [], jobs: [] }
    const queue = this.#queue
    let taken = 0
    this.#isDeciding = true
    while (this.#isTurn(queue[taken], decided.arrivals.length)) {
      const job = queue[taken++]!
      // What it needs may have been forgotten while it waited.
      if (this.#isPreparing(job)) continue
      try {
        const wanted = job.decide()
        for (const arrival of wanted) decided.arrivals.push(arrival)
        decided.jobs.push({ job, count: wanted.length })
      } catch (error) {
        job.failed(error)
      }
    }
    this.#isDeciding = false
    queue.splice(0, taken)
    return decided
  }

  async #write({ arrivals, jobs }: Decided): Promise<void> {
    const underWay = this.#underWay
    underWay.goes += 1
    underWay.events += arrivals.length
    try {
      this.#tell(await this.#append(arrivals), jobs)
    } catch (error) {
      this.#hasFallen = true
      for (const { job } of jobs) job.failed(storeFailure(error))
    }
    underWay.goes -= 1
    underWay.events -= arrivals.length
    if (this.#hasFallen && underWay.goes === 0) {
      this.#parts.book.forget()
      this.#hasFallen = false
    }
    this.#wake()
  }

  #tell(appended: readonly Appended[], jobs: Decided['jobs']): void {
    for (const { recorded, isNew } of appended) if (isNew) this.#parts.publish(recorded)
    let at = 0
    for (const { job, count } of jobs) {
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
    if (!this.#isIdle) return
    for (const tell of this.#idle.splice(0)) tell()
  }
}
