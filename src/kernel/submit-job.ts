/**
 * Own drafts on their way into the log. Sealing waits for the turn, because only then is it certain what the
 * chain's last event is; drafts that gathered until then are sealed together. A run and the signature that covers
 * it are one batch, so that no power loss leaves an own tip without a signature to be made good at the start.
 */
import type { Draft, Opened, Recorded } from '../events/envelope.ts'
import { type DeviceId, type EventId, type Millis, NO_STREAM, type StreamId } from '../events/ids.ts'
import { type Arrival, streamOf } from '../store/append-plan.ts'
import { RUN_MAX_EVENTS, SEEN_MAX } from '../wire/limits.ts'
import { type Chain, sealRun } from '../wire/seal.ts'
import type { Signer } from '../wire/signature.ts'
import type { Admission } from './admission.ts'
import { ChatError, type Clock, type Random } from './api/index.ts'
import type { Job } from './appender.ts'
import type { StreamBook, StreamState } from './stream-book.ts'

export interface Submission {
  readonly drafts: readonly Draft[]
  resolve(recorded: readonly Recorded[]): void
  reject(error: unknown): void
}

interface SubmitParts {
  readonly clock: Clock
  readonly random: Random
  readonly signer: Signer
  readonly book: StreamBook
  readonly admission: Admission
}

interface SealedSubmission {
  readonly submission: Submission
  readonly count: number
}

/** Drafts that one turn seals, so that a burst does not keep others, or the process, waiting. */
const TURN_DRAFTS_MAX = 512

export class SubmitJob implements Job {
  readonly #parts: SubmitParts
  readonly #stream: StreamId
  readonly #queue: Submission[]
  readonly #onTurn: (rest: Submission[]) => void
  #taken: readonly Submission[] | undefined
  #sealed: readonly SealedSubmission[] = []

  /** `queue` may grow until `onTurn` is called, with what is left for another turn. */
  constructor(
    parts: SubmitParts,
    stream: StreamId,
    queue: Submission[],
    onTurn: (rest: Submission[]) => void,
  ) {
    this.#parts = parts
    this.#stream = stream
    this.#queue = queue
    this.#onTurn = onTurn
  }

  prepare(): Promise<void> | undefined {
    const { book } = this.#parts
    return this.#stream === NO_STREAM || book.get(this.#stream) !== undefined
      ? undefined
      : book.load(this.#stream)
  }

  /** A whole run waits: whatever else comes would share another signature. */
  get isRipe(): boolean {
    let drafts = 0
    return this.#queue.some(submission => {
      drafts += submission.drafts.length
      return drafts >= RUN_MAX_EVENTS
    })
  }

  decide(): readonly Arrival[] {
    const taken = this.#take(TURN_DRAFTS_MAX)
    try {
      return this.#seal(taken)
    } catch (error) {
      if (taken.length === 1) throw error
    }
    // One of them cannot be sealed or is not allowed: that must not be the others' loss.
    const arrivals: Arrival[] = []
    const sealed: SealedSubmission[] = []
    for (const submission of taken) {
      try {
        arrivals.push(...this.#seal([submission]))
        sealed.push(...this.#sealed)
      } catch (error) {
        submission.reject(error)
      }
    }
    this.#sealed = sealed
    return arrivals
  }

  landed(recorded: readonly Recorded[]): void {
    let at = 0
    for (const { submission, count } of this.#sealed) {
      submission.resolve(recorded.slice(at, at + count))
      at += count
    }
  }

  failed(error: unknown): void {
    for (const submission of this.#taken ?? this.#take(Number.POSITIVE_INFINITY)) submission.reject(error)
  }

  /** The first of the queue, at least one, with about as many drafts. */
  #take(draftsMax: number): readonly Submission[] {
    let drafts = 0
    const fitting = this.#queue.findIndex(submission => {
      drafts += submission.drafts.length
      return drafts > draftsMax
    })
    const taken = this.#queue.splice(0, fitting < 0 ? this.#queue.length : Math.max(1, fitting))
    this.#taken = taken
    this.#onTurn(this.#queue)
    return taken
  }

  /** Seals all drafts as one chain. Changes nothing if it throws. */
  #seal(submissions: readonly Submission[]): readonly Arrival[] {
    const { clock, random, signer, book, admission } = this.#parts
    const drafts = submissions.flatMap(submission => [...submission.drafts])
    const known = book.get(this.#stream)
    const at = Math.max(clock.now(), known?.ownAt ?? 0)
    const environment = { now: () => at, random: (count: number) => random.bytes(count) }
    const chain = known === undefined ? FOUNDING : nextOf(known, signer.device)
    const events = sealRun(drafts, chain, signer, environment)
    const state = known ?? { stream: streamOf(events[0]!), kept: [], law: undefined }
    const entry = admission.judge(state, events)
    if (entry.kind !== 'admitted') throw notAdmitted(state.stream, entry)
    if (known !== undefined) cite(known, chain.seen)
    for (const event of events) book.note(event)
    this.#sealed = submissions.map(submission => ({ submission, count: submission.drafts.length }))
    const receivedAt: Millis = clock.now()
    return events.map((event: Opened): Arrival => ({ event, receivedAt, via: 'self' }))
  }
}

const FOUNDING: Chain = { stream: NO_STREAM, seq: 0, prev: undefined, seen: [] }

function nextOf(state: StreamState, self: DeviceId): Chain {
  const { stream } = state
  const seen = uncited(state, self)
  const tip = state.branches.get(self)?.at(-1)
  return tip === undefined
    ? { stream, seq: 0, prev: undefined, seen }
    : { stream, seq: tip.seq + 1, prev: tip.id, seen }
}

/** Tips of other authors that no event of this device cites yet; what is too much goes with the next event. */
function uncited({ branches, cited }: StreamState, self: DeviceId): readonly EventId[] {
  const seen: EventId[] = []
  for (const [author, tips] of branches) {
    if (author === self) continue
    for (const { id } of tips) if (!cited.has(id) && seen.length < SEEN_MAX) seen.push(id)
  }
  return seen
}

/** Remembers what is cited, and forgets what is no tip any more. */
function cite({ branches, cited }: StreamState, seen: readonly EventId[]): void {
  const tips = new Set([...branches.values()].flatMap(each => each.map(({ id }) => id)))
  for (const id of cited) if (!tips.has(id)) cited.delete(id)
  for (const id of seen) cited.add(id)
}

const notAdmitted = (stream: StreamId, entry: { kind: 'refused' } | { kind: 'lawless'; needs: string }) =>
  entry.kind === 'lawless'
    ? new ChatError('PLUGIN_NEEDS_MISSING', `stream ${stream} cannot be written: it needs ${entry.needs}`)
    : new ChatError('NOT_ADMITTED', `this device may not write to stream ${stream}`)
