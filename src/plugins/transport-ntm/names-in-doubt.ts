/**
 * Who is not to be found under a name any more may have lost it to somebody else, or may have other keys: the name
 * is looked up again, and what comes back is learnt like any other record. Without it a name that changed its
 * person would go unnoticed by those who know the old one. Away is the usual reason, so it is done rarely.
 */
import { ChatError, type Clock, type LookupFailure, type People } from '../../kernel/api/index.ts'
import type { SignedNameRecord } from '../../wire/name-record.ts'

/** Between two looks at the same name. */
export const DOUBT_PAUSE_MS = 60_000
/** Names whose last look is remembered; the oldest make room. */
const NAMES_MAX = 1_024

interface Parts {
  readonly clock: Pick<Clock, 'monotonicMs'>
  readonly lookUp: (name: string) => Promise<SignedNameRecord | LookupFailure | ChatError>
  readonly people: Pick<People, 'learn'>
}

type Learned = Awaited<ReturnType<People['learn']>>

export class NamesInDoubt {
  readonly #parts: Parts
  /** When each name was looked up, oldest first. */
  readonly #lookedMs = new Map<string, number>()

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** What was learnt of the name; undefined when nobody could tell, or when it was looked up a short while ago. */
  async doubt(name: string): Promise<Learned | undefined> {
    const { clock, lookUp, people } = this.#parts
    const nowMs = clock.monotonicMs()
    if (nowMs - (this.#lookedMs.get(name) ?? Number.NEGATIVE_INFINITY) < DOUBT_PAUSE_MS) return undefined
    this.#remember(name, nowMs)
    const record = await lookUp(name)
    return typeof record === 'string' || record instanceof ChatError ? undefined : people.learn(record)
  }

  #remember(name: string, nowMs: number): void {
    this.#lookedMs.delete(name)
    this.#lookedMs.set(name, nowMs)
    const [oldest] = this.#lookedMs.keys()
    if (this.#lookedMs.size > NAMES_MAX) this.#lookedMs.delete(oldest!)
  }
}
