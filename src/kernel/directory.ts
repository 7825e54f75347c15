/**
 * All directories as one. Sources are asked in the order in which their plugins were set up, so what this home
 * knows already is asked before a coordinator; what the first record says is for `People` to prove and pin.
 */
import { ChatError, type Clock, type Directory, type LookupFailure, type NameRecord } from './api/index.ts'
import type { Contributed, LiveContributions } from './contributions.ts'

/** A source that has not answered by then counts as out of reach. */
export const LOOKUP_DEADLINE_MS = 15_000

/** Which of several failures tells a person the most. */
const TELLING: readonly LookupFailure[] = ['unknown', 'unreachable', 'refused', 'keys-changed']

type Failure = LookupFailure | ChatError
type Answer = NameRecord | Failure

/** An error tells why, so it tells more than any bare failure that does not end the search. */
const tellingOf = (failure: Failure): number =>
  failure instanceof ChatError ? TELLING.length : TELLING.indexOf(failure)

const isFailure = (answer: Answer): answer is Failure =>
  typeof answer === 'string' || answer instanceof ChatError

export class DirectorySwitch implements Directory {
  readonly #contributions: LiveContributions
  readonly #clock: Clock

  constructor(contributions: LiveContributions, clock: Clock) {
    this.#contributions = contributions
    this.#clock = clock
  }

  /** The first record found. A source that says the keys changed ends the search: nobody may overrule it. */
  async lookup(name: string): Promise<Answer> {
    let failure: Failure = 'unknown'
    for (const source of this.#contributions.owned('directory')) {
      const answer = await this.#ask(source, name)
      if (!isFailure(answer) || answer === 'keys-changed') return answer
      if (tellingOf(answer) > tellingOf(failure)) failure = answer
    }
    return failure
  }

  #ask({ fence, value }: Contributed<'directory'>, name: string): Promise<Answer> {
    return new Promise(resolve => {
      const cancel = this.#clock.after(LOOKUP_DEADLINE_MS, () => resolve('unreachable'))
      const answer = (found: Answer): void => {
        cancel()
        resolve(found)
      }
      const asked = fence.guard('directory.lookup', () => Promise.resolve(value.lookup(name)))
      if (asked === undefined) answer('unreachable')
      else asked.then(answer, () => answer('unreachable'))
    })
  }
}
