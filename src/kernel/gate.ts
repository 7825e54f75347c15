/**
 * The one door for foreign events (wire/SPEC.md §7, §9). A run is opened, its chain and signature are checked
 * once, and it is admitted by the law of its stream; the answer comes after the sync. What cannot be judged yet
 * is held or quarantined within bounds, and never acknowledged.
 */
import type { Opened, Sealed } from '../events/envelope.ts'
import type { DeviceId, EventId } from '../events/ids.ts'
import { openSealed } from '../wire/open.ts'
import { isRebuilt } from '../wire/rebuild.ts'
import { splitRuns, verifyRun } from '../wire/run.ts'
import type { Admission } from './admission.ts'
import { ChatError, type Clock, type Gate, type Journal, type Verdict } from './api/index.ts'
import type { Appender } from './appender.ts'
import { type HeldBounds, HeldPool } from './held.ts'
import { type Hall, IngestJob } from './ingest-job.ts'
import { Quarantine } from './quarantine.ts'
import type { StreamBook } from './stream-book.ts'

/** Events that one call may bring: a few runs. */
const INGEST_MAX = 256
const TOLD_MAX = 64

export interface GateParts {
  readonly self: DeviceId
  readonly clock: Clock
  readonly book: StreamBook
  readonly admission: Admission
  readonly appender: Appender
  readonly journal: Pick<Journal, 'note'>
  /** A verified event of this device that this log does not have: the home was copied or restored. */
  foundOwnElsewhere(event: Opened): void
  readonly heldBounds?: HeldBounds
}

export class EventGate implements Gate {
  readonly #parts: GateParts
  readonly #held: HeldPool
  readonly #quarantine = new Quarantine()
  readonly #hall: Hall
  readonly #refusals = new Map<string, number>()
  /** What whoever runs the device was told to install; a stranger may name any number of things. */
  readonly #told = new Set<string>()

  constructor(parts: GateParts) {
    this.#parts = parts
    this.#held = new HeldPool(parts.heldBounds)
    this.#hall = {
      ...parts,
      held: this.#held,
      refused: why => this.#count(why),
      lacks: needs => this.#lacks(needs),
      retry: ({ run, from }) => this.#enqueue([run], from),
    }
  }

  /** Refusals since the start, by reason. */
  get refusals(): ReadonlyMap<string, number> {
    return this.#refusals
  }

  /** What waits in memory for something that is missing. */
  get held(): { readonly events: number; readonly bytes: number } {
    return this.#held.size
  }

  /** Everything up to the queue happens in this call. Rejects when the disk fails: then nothing was kept. */
  ingest(sealed: readonly Sealed[], from: DeviceId): Promise<readonly Verdict[]> {
    if (sealed.length > INGEST_MAX) return Promise.resolve(this.#refuse(sealed, 'too-many-events'))
    const verdicts: Verdict[] = []
    const opened = this.#open(sealed, verdicts)
    const { runs, uncovered } = splitRuns(this.#quarantine.join(from, opened))
    const verified = runs.filter(run => {
      const checked = verifyRun(run)
      if (!checked.ok) verdicts.push(...this.#refuse(run, checked.why))
      return checked.ok
    })
    if (this.#quarantine.keep(from, uncovered))
      verdicts.push(...uncovered.map(({ id }): Verdict => ({ id, kind: 'held', missing: [] })))
    else verdicts.push(...this.#refuse(uncovered, 'too-long-without-signature'))
    if (verified.length === 0) return Promise.resolve(verdicts)
    return new Promise((resolve, reject) => {
      const done = (judged: readonly Verdict[]): void => resolve([...verdicts, ...judged])
      this.#enqueue(verified, from, done, reject)
    })
  }

  /** A plugin came or went: what no law was known for may be judged now. */
  lawsChanged(): void {
    this.#parts.book.forgetLaws()
    for (const held of this.#held.releaseLawless()) this.#hall.retry(held)
  }

  #enqueue(
    runs: readonly (readonly Opened[])[],
    from: DeviceId,
    done: (verdicts: readonly Verdict[]) => void = () => undefined,
    failed: (error: unknown) => void = () => undefined,
  ): void {
    this.#parts.appender.enqueue(new IngestJob(this.#hall, runs, from, done, failed))
  }

  /**
   * The events that open, in order; what was rebuilt from a compact frame is open already. One that needs a newer
   * program counts as held, and nothing of it is kept: no program turns newer while it runs, and at its next
   * start whoever was not acknowledged sends again.
   */
  #open(sealed: readonly Sealed[], verdicts: Verdict[]): Opened[] {
    const opened: Opened[] = []
    for (const each of sealed) {
      if (isRebuilt(each)) {
        opened.push(each)
        continue
      }
      const result = openSealed(each)
      if (!result.ok && result.why === 'needs-newer') {
        this.#lacks('a newer version of ntm-chat')
        verdicts.push({ id: each.id, kind: 'held', missing: [] })
      } else if (!result.ok) verdicts.push(...this.#refuse([each], result.why))
      else if (result.value.id !== each.id) verdicts.push(...this.#refuse([each], 'id-of-another'))
      else opened.push(result.value)
    }
    return opened
  }

  #lacks(needs: string): void {
    if (this.#told.has(needs) || this.#told.size >= TOLD_MAX) return
    this.#told.add(needs)
    this.#parts.journal.note(`events of others wait for ${needs}`)
  }

  #refuse(events: readonly { readonly id: EventId }[], why: string): Verdict[] {
    this.#count(why)
    return events.map(({ id }) => ({ id, kind: 'refused', why }))
  }

  #count(why: string): void {
    this.#refusals.set(why, (this.#refusals.get(why) ?? 0) + 1)
  }
}

/** A device that meets its own words as news must not go on: it would fork its own chain. */
export const ownElsewhere = (id: EventId): ChatError =>
  new ChatError('LOG_DAMAGED', `this device signed event ${id}, but this log does not have it`, {
    hint: 'this home was copied or restored; go on in the other copy, or begin anew with `ntm init`',
  })
