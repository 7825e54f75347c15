/**
 * Who may write to a stream, by the law that its kept events pin. The laws themselves come from plugins; a
 * stream whose law nobody here knows is not refused but held, with the name of what is missing.
 */
import { isKept, type Opened } from '../events/envelope.ts'
import { type DeviceId, NO_STREAM, type PersonId, type StreamId } from '../events/ids.ts'
import { readData } from '../wire/msgpack.ts'
import type { RuleBundle, RuleContext } from './api/index.ts'
import type { Contributed, LiveContributions } from './contributions.ts'

export interface Law {
  readonly bundle: Contributed<'rule'>
  readonly authors: ReadonlySet<DeviceId>
}

export type Entry =
  | { readonly kind: 'admitted' }
  | { readonly kind: 'refused' }
  /** One sentence on what would know the law. */
  | { readonly kind: 'lawless'; readonly needs: string }

/** What admission reads and remembers of a stream. */
interface LawfulStream {
  readonly stream: StreamId
  readonly kept: readonly Opened[]
  law: Law | undefined
}

export class Admission {
  readonly #contributions: LiveContributions
  readonly #self: PersonId

  constructor(contributions: LiveContributions, self: PersonId) {
    this.#contributions = contributions
    this.#self = self
  }

  /** Whether the run's author may write. A kept event may be the one that lets its author in. */
  judge(state: LawfulStream, run: readonly Opened[]): Entry {
    const author = run[0]?.envelope.author
    const asking = run.filter(({ envelope }) => isKept(envelope))
    const law = this.lawOf(state)
    if (author !== undefined && law?.authors.has(author)) return { kind: 'admitted' }
    if (asking.length > 0) {
      const then = this.#findLaw(state.stream, [...state.kept, ...asking])
      if (then === undefined) return this.#lawless(run)
      return { kind: author !== undefined && then.authors.has(author) ? 'admitted' : 'refused' }
    }
    return law === undefined ? this.#lawless(run) : { kind: 'refused' }
  }

  /** The law by the events already admitted; undefined when no running plugin knows it. */
  lawOf(state: LawfulStream): Law | undefined {
    state.law ??= this.#findLaw(state.stream, state.kept)
    return state.law
  }

  #findLaw(stream: StreamId, kept: readonly Opened[]): Law | undefined {
    const context: RuleContext = { stream, self: this.#self }
    for (const bundle of this.#contributions.owned('rule')) {
      const rule = bundle.value
      const authors = bundle.fence.guard(`rules ${rule.name}`, () => authorsBy(rule, kept, context))
      if (authors !== undefined) return { bundle, authors }
    }
    return undefined
  }

  #lawless(run: readonly Opened[]): Entry {
    const founding = run.find(({ envelope }) => envelope.stream === NO_STREAM)
    const named = founding === undefined ? undefined : rulesNamedBy(founding)
    const needs = named ?? `streams with ${run[0]?.envelope.type ?? 'such'} events`
    return { kind: 'lawless', needs: `a plugin that brings the rules of ${needs}` }
  }
}

const authorsBy = (
  rule: RuleBundle,
  kept: readonly Opened[],
  context: RuleContext,
): ReadonlySet<DeviceId> | undefined =>
  rule.governs(kept, context) ? rule.authors(kept, context) : undefined

/** A founding event may name its bundle under `rules`. */
function rulesNamedBy(founding: Opened): string | undefined {
  const data = founding.data === undefined ? undefined : readData(founding.data)
  const rules = data?.ok === true ? (data.value as { rules?: unknown } | null)?.rules : undefined
  return typeof rules === 'string' && rules.length <= 64 ? rules : undefined
}
