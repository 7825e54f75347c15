/**
 * Who may be told at once where somebody is: pairs of persons, each allowed by the one who is found. Soft
 * state; when it is lost, the responder is simply asked first again.
 */
import type { PersonId } from '../../../events/ids.ts'
import { AUTHORISED_MAX, AUTHORISED_PER_PERSON_MAX } from './limits.ts'

export class Authorisations {
  readonly #byResponder = new Map<PersonId, Set<PersonId>>()
  #size = 0

  get size(): number {
    return this.#size
  }

  has(responder: PersonId, initiator: PersonId): boolean {
    return this.#byResponder.get(responder)?.has(initiator) ?? false
  }

  /** The oldest pairs make room when there are too many. */
  allow(responder: PersonId, initiator: PersonId): void {
    this.withdraw(responder, initiator)
    const allowed = this.#byResponder.get(responder) ?? new Set()
    if (allowed.size >= AUTHORISED_PER_PERSON_MAX) this.#dropFirst(responder, allowed)
    allowed.add(initiator)
    this.#size += 1
    this.#byResponder.set(responder, allowed)
    while (this.#size > AUTHORISED_MAX) {
      const [oldest, set] = this.#byResponder.entries().next().value!
      this.#dropFirst(oldest, set)
    }
  }

  withdraw(responder: PersonId, initiator: PersonId): void {
    const allowed = this.#byResponder.get(responder)
    if (!allowed?.delete(initiator)) return
    this.#size -= 1
    if (allowed.size === 0) this.#byResponder.delete(responder)
  }

  #dropFirst(responder: PersonId, allowed: Set<PersonId>): void {
    const [first] = allowed
    this.withdraw(responder, first!)
  }
}
