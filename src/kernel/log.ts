/**
 * The log as everybody in the house sees it. Own drafts queue per stream; when it is the stream's turn all that
 * has gathered is sealed as one chain, so that a burst shares signatures and one sync, and passes the same law
 * and the same writer as foreign events do.
 */
import { type Observable, Subject } from 'rxjs'
import type { Draft, Opened, Recorded } from '../events/envelope.ts'
import { type DeviceId, type EventId, NO_STREAM, type StreamId } from '../events/ids.ts'
import type { ChainQuery, LogStore } from '../store/log-store.ts'
import type { Signer } from '../wire/signature.ts'
import type { Admission } from './admission.ts'
import { AdoptJob } from './adopt-job.ts'
import type { ChatError, Clock, Log, LogQuery, OrderQuery, Random, Tip } from './api/index.ts'
import type { Appender } from './appender.ts'
import { storeFailure } from './store-failure.ts'
import type { StreamBook } from './stream-book.ts'
import { type Submission, SubmitJob } from './submit-job.ts'

interface LogParts {
  readonly clock: Clock
  readonly random: Random
  readonly signer: Signer
  readonly store: Pick<LogStore, 'find' | 'chain' | 'read' | 'tips' | 'streams'>
  readonly book: StreamBook
  readonly admission: Admission
  readonly appender: Appender
}

export class OwnLog implements Log {
  readonly #parts: LogParts
  readonly #appended = new Subject<Recorded>()
  readonly appended$: Observable<Recorded> = this.#appended.asObservable()
  /** Drafts that wait for their stream's turn. */
  readonly #waiting = new Map<StreamId, Submission[]>()
  #stopped: ChatError | undefined

  constructor(parts: LogParts) {
    this.#parts = parts
  }

  /**
   * With NO_STREAM and one kept draft it founds a stream, whose id is the id of the event. Rejects with
   * NOT_ADMITTED when the stream's law does not let this device write; then, as always, nothing was kept.
   */
  submit(stream: StreamId, drafts: readonly Draft[]): Promise<readonly Recorded[]> {
    if (this.#stopped !== undefined) return Promise.reject(this.#stopped)
    if (drafts.length === 0) return Promise.resolve([])
    return new Promise((resolve, reject) => {
      const submission: Submission = { drafts, resolve, reject: error => reject(storeFailure(error)) }
      const waiting = stream === NO_STREAM ? undefined : this.#waiting.get(stream)
      if (waiting !== undefined) {
        waiting.push(submission)
        this.#parts.appender.reconsider()
        return
      }
      this.#queue(stream, [submission])
    })
  }

  /**
   * Takes in the founding event of this device's person, which was sealed before there was a log. Undefined when
   * it is here already, or when no plugin knows the law of persons.
   */
  adopt(founding: Opened): Promise<Recorded | undefined> {
    return new Promise((resolve, reject) => {
      const refuse = (error: unknown): void => reject(storeFailure(error))
      this.#parts.appender.enqueue(new AdoptJob(this.#parts, founding, resolve, refuse))
    })
  }

  /** Told by the appender, after the sync. */
  publish(recorded: Recorded): void {
    this.#appended.next(recorded)
  }

  /** Writes nothing more, and says why to whoever tries. */
  stopWriting(reason: ChatError): void {
    this.#stopped ??= reason
  }

  find(id: EventId): Promise<Recorded | undefined> {
    return told(() => this.#parts.store.find(id))
  }

  async *read(query: LogQuery): AsyncGenerator<Recorded> {
    const { store } = this.#parts
    yield* guarded(query.author === undefined ? store.read(present(orderOf(query))) : store.chain(query))
  }

  /** One author's events up to the signature that covers the last of them: what can be served to others. */
  chain(query: ChainQuery): AsyncIterable<Recorded> {
    return guarded(this.#parts.store.chain({ ...query, toSignature: true }))
  }

  tips(stream: StreamId): Promise<readonly Tip[]> {
    return told(() => this.#parts.store.tips(stream))
  }

  async authors(stream: StreamId): Promise<ReadonlySet<DeviceId>> {
    const { book, admission } = this.#parts
    if (book.get(stream) === undefined) await told(() => book.load(stream))
    const state = book.get(stream)
    return (state && admission.lawOf(state)?.authors) ?? new Set()
  }

  streams(): Promise<readonly StreamId[]> {
    return told(() => this.#parts.store.streams())
  }

  /** Queues the submissions for their stream's turn; what comes until then joins them. */
  #queue(stream: StreamId, submissions: Submission[]): void {
    if (stream !== NO_STREAM) this.#waiting.set(stream, submissions)
    const onTurn = (rest: Submission[]): void => {
      this.#waiting.delete(stream)
      if (rest.length > 0) this.#queue(stream, rest)
    }
    this.#parts.appender.enqueue(new SubmitJob(this.#parts, stream, submissions, onTurn))
  }
}

const orderOf = ({ stream, afterPosition, beforePosition, reverse, limit }: OrderQuery) => ({
  stream,
  after: afterPosition,
  before: beforePosition,
  reverse,
  limit,
})

/** Without the fields that are undefined. */
const present = <T extends object>(fields: T): { [K in keyof T]: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never

async function told<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask()
  } catch (error) {
    throw storeFailure(error)
  }
}

async function* guarded(events: AsyncIterable<Recorded>): AsyncGenerator<Recorded> {
  try {
    yield* events
  } catch (error) {
    throw storeFailure(error)
  }
}
