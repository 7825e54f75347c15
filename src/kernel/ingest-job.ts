/**
 * Verified runs on their way into the log. The job is decided when it is its turn, so that two sources that hand
 * in the same event at once are answered `admitted` and `duplicate`, both after the one sync.
 */
import type { Opened, Recorded } from '../events/envelope.ts'
import type { DeviceId, EventId } from '../events/ids.ts'
import { type Arrival, streamOf } from '../store/append-plan.ts'
import type { Admission } from './admission.ts'
import type { Clock, Journal, Verdict } from './api/index.ts'
import type { Job } from './appender.ts'
import type { HeldPool, HeldRun } from './held.ts'
import { type Known, type Place, place } from './placement.ts'
import type { StreamBook, StreamState } from './stream-book.ts'

/** What all jobs of a gate share. */
export interface Hall {
  readonly self: DeviceId
  readonly clock: Clock
  readonly book: StreamBook
  readonly admission: Admission
  readonly journal: Pick<Journal, 'note'>
  readonly held: HeldPool
  foundOwnElsewhere(event: Opened): void
  refused(why: string): void
  /** Something came that this house has no program for. */
  lacks(needs: string): void
  /** Judges anew, for nobody's answer. */
  retry(held: HeldRun): void
}

type Run = readonly Opened[]

export class IngestJob implements Job {
  readonly isRipe = true
  readonly #hall: Hall
  readonly #runs: readonly Run[]
  readonly #from: DeviceId
  readonly #done: (verdicts: readonly Verdict[]) => void
  readonly #failed: (error: unknown) => void
  readonly #looked = new Map<EventId, Place | undefined>()
  #verdicts: Verdict[] = []

  constructor(
    hall: Hall,
    runs: readonly Run[],
    from: DeviceId,
    done: (verdicts: readonly Verdict[]) => void,
    failed: (error: unknown) => void,
  ) {
    this.#hall = hall
    this.#runs = runs
    this.#from = from
    this.#done = done
    this.#failed = failed
  }

  prepare(): Promise<void> | undefined {
    const { book } = this.#hall
    const cold: Promise<unknown>[] = []
    for (const run of this.#runs) {
      const stream = streamOf(run[0]!)
      const state = book.get(stream)
      if (state === undefined) cold.push(book.load(stream))
      else for (const id of this.#questions(run, state)) cold.push(this.#look(id))
    }
    return cold.length === 0 ? undefined : Promise.all(cold).then(() => undefined)
  }

  decide(): readonly Arrival[] {
    const { clock, held, retry } = this.#hall
    this.#verdicts = []
    const arrivals: Arrival[] = []
    const receivedAt = clock.now()
    for (const run of this.#runs)
      for (const event of this.#judge(run, this.#from)) arrivals.push({ event, receivedAt, via: this.#from })
    for (const waiting of held.releaseFor(arrivals.map(({ event }) => event.id))) retry(waiting)
    return arrivals
  }

  landed(_recorded: readonly Recorded[]): void {
    this.#done(this.#verdicts)
  }

  failed(error: unknown): void {
    this.#failed(error)
  }

  /**
   * Ids that must be looked up on the disk before the run can be placed. A chain here has no gaps, so what lies
   * beyond its tips cannot be here: the next run in line, and one that overtook it, ask for nothing.
   */
  #questions(run: Run, state: StreamState): EventId[] {
    const { author, prev, seq } = run[0]!.envelope
    const branches = state.branches.get(author) ?? []
    const asked = run.flatMap(({ envelope }) => [...envelope.seen])
    if (branches.some(branch => branch.seq >= seq)) {
      for (const { id } of run) asked.push(id)
      if (prev !== undefined) asked.push(prev)
    }
    return asked.filter(id => {
      const placed = this.#hall.book.locate(id)
      // Remembered here too: the book may have forgotten it when it is this job's turn.
      if (placed !== undefined) this.#looked.set(id, placed)
      return placed === undefined && !this.#looked.has(id)
    })
  }

  async #look(id: EventId): Promise<void> {
    this.#looked.set(id, await this.#hall.book.look(id))
  }

  /** Judges one run; returns its events that are to be appended. */
  #judge(run: Run, via: DeviceId): Run {
    const { book, admission, self } = this.#hall
    const state = book.get(streamOf(run[0]!))!
    const known: Known = {
      locate: id => book.locate(id) ?? this.#looked.get(id),
      branches: author => state.branches.get(author) ?? [],
      isCited: () => this.#isCited(run, state),
    }
    // Only the beginning of a run can be known: what follows builds on it.
    const fresh = run.filter(({ id }) => known.locate(id) === undefined)
    for (const { id } of run.slice(0, run.length - fresh.length))
      this.#verdicts.push({ id, kind: 'duplicate' })
    const first = fresh[0]
    if (first === undefined) return fresh
    // Whatever it builds on: this device wrote it, and does not remember.
    if (first.envelope.author === self) {
      this.#hall.foundOwnElsewhere(first)
      return this.#refuse(fresh, 'own-event-unknown')
    }
    const placed = place(fresh, known)
    if (placed.kind === 'refused') return this.#refuse(fresh, placed.why)
    if (placed.kind === 'missing') return this.#hold(run, fresh, via, placed.ids)
    const entry = admission.judge(state, fresh)
    if (entry.kind === 'refused') return this.#refuse(fresh, 'not-admitted')
    if (entry.kind === 'lawless') return this.#hold(run, fresh, via, [], entry.needs)
    if (placed.isFork) this.#reportFork(first)
    for (const event of fresh) {
      book.note(event)
      this.#verdicts.push({ id: event.id, kind: 'admitted' })
    }
    return fresh
  }

  /** A sentence of a member may need a branch that nobody else needs. */
  #isCited(run: Run, state: StreamState): boolean {
    const { held, admission } = this.#hall
    const authors = admission.lawOf(state)?.authors
    const ids = run.map(({ id }) => id)
    return held.isCited(ids, run[0]!.envelope.author, device => authors?.has(device) === true)
  }

  #hold(run: Run, fresh: Run, from: DeviceId, missing: readonly EventId[], needs?: string): Run {
    const isNew = this.#hall.held.hold({ run, from, missing })
    if (isNew && needs !== undefined) {
      this.#hall.journal.note(`held: it needs ${needs}`, fresh.at(-1)!.id)
      this.#hall.lacks(needs)
    }
    for (const { id } of fresh) this.#verdicts.push({ id, kind: 'held', missing })
    return []
  }

  #refuse(run: Run, why: string): Run {
    this.#hall.refused(why)
    for (const { id } of run) this.#verdicts.push({ id, kind: 'refused', why })
    return []
  }

  #reportFork({ id, envelope }: Opened): void {
    const { author, seq } = envelope
    const { journal } = this.#hall
    const what = `device ${author} signed two events with number ${seq}`
    journal.note(`forked: ${what}`, id)
    journal.note(`forked: signed two events with number ${seq}, one is ${id}`, author)
    journal.note(
      `FORKED: ${what}: its home was copied or restored, or it says different things to different people`,
    )
  }
}
