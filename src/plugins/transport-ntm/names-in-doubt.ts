/**
 * Who is not to be found under a name any more may have lost it to somebody else, or may have other keys: the name
 * is looked up again, and what comes back is learnt like any other record. Without it a name that changed its
 * person would go unnoticed by those who know the old one. Away is the usual reason, so it is done rarely, and for
 * who stays away ever more rarely.
 */
import { ChatError, type Clock, type LookupFailure, type People } from '../../kernel/api/index.ts'
import type { SignedNameRecord } from '../../wire/name-record.ts'

/** Between two looks at the same name: at first, and at most; it doubles with each. */
export const DOUBT_PAUSE_MS = 60_000
export const DOUBT_PAUSE_MAX_MS = 30 * 60_000
/** Nobody doubted for so long, beyond the pause: what was is forgotten. */
const TRUSTED_AFTER_MS = 15 * 60_000
/** Names whose last look is remembered; the oldest make room. */
const NAMES_MAX = 1_024

interface Parts {
  readonly clock: Pick<Clock, 'monotonicMs'>
  readonly lookUp: (name: string) => Promise<SignedNameRecord | LookupFailure | ChatError>
  readonly people: Pick<People, 'learn'>
}

interface Look {
  readonly atMs: number
  readonly pauseMs: number
}

type Learned = Awaited<ReturnType<People['learn']>>

export class NamesInDoubt {
  readonly #parts: Parts
  /** The last look at each name, oldest first. */
  readonly #looks = new Map<string, Look>()

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** What was learnt of the name; undefined when nobody could tell, or when it was looked up a short while ago. */
  async doubt(name: string): Promise<Learned | undefined> {
    const { clock, lookUp, people } = this.#parts
    const nowMs = clock.monotonicMs()
    const before = this.#looks.get(name)
    const sinceMs = before === undefined ? Number.POSITIVE_INFINITY : nowMs - before.atMs - before.pauseMs
    if (sinceMs < 0) return undefined
    const isOften = before !== undefined && sinceMs < TRUSTED_AFTER_MS
    const pauseMs = isOften ? Math.min(2 * before.pauseMs, DOUBT_PAUSE_MAX_MS) : DOUBT_PAUSE_MS
    this.#remember(name, { atMs: nowMs, pauseMs })
    const record = await lookUp(name)
    return typeof record === 'string' || record instanceof ChatError ? undefined : people.learn(record)
  }

  #remember(name: string, look: Look): void {
    this.#looks.delete(name)
    this.#looks.set(name, look)
    const [oldest] = this.#looks.keys()
    if (this.#looks.size > NAMES_MAX) this.#looks.delete(oldest!)
  }
}
