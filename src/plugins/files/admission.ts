/**
 * Who may ask for files here at the same time. Half of the places are kept for people this person talks to, so that
 * strangers, who get nothing anyway, cannot occupy them all. Whoever finds no place is told so, and for that there are
 * as many places once more.
 */
import { BUSY_MAX, SERVED_EACH_MAX, SERVED_MAX, SERVED_STRANGERS_MAX } from './limits.ts'

export interface Visitor {
  /** The person; the device of somebody who is not known. */
  readonly who: string
  readonly isStranger: boolean
}

export interface Pass {
  readonly isServed: boolean
  leave(): void
}

export class Admission {
  readonly #served = new Set<Visitor>()
  readonly #turnedAway = new Set<Visitor>()

  /** Undefined: not even an answer. */
  enter({ who, isStranger }: Visitor): Pass | undefined {
    const visitor = { who, isStranger }
    const isServed = this.#mayBeServed(visitor)
    const among = isServed ? this.#served : this.#turnedAway
    if (!isServed && (among.size >= BUSY_MAX || countOf(among, each => each.who === who) >= SERVED_EACH_MAX))
      return undefined
    among.add(visitor)
    return { isServed, leave: () => void among.delete(visitor) }
  }

  #mayBeServed({ who, isStranger }: Visitor): boolean {
    if (this.#served.size >= SERVED_MAX) return false
    if (isStranger && countOf(this.#served, each => each.isStranger) >= SERVED_STRANGERS_MAX) return false
    return countOf(this.#served, each => each.who === who) < SERVED_EACH_MAX
  }
}

function countOf(visitors: ReadonlySet<Visitor>, is: (visitor: Visitor) => boolean): number {
  let count = 0
  for (const visitor of visitors) if (is(visitor)) count += 1
  return count
}
