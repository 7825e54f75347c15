/**
 * Whose packets reach programs of this machine that have not asked for them: nobody's, until their person was let in by
 * name. Kept for good, and by person: whoever takes over a name takes over nothing with it.
 */
import type { PersonId } from '../../../events/ids.ts'
import type { Keyspace } from '../../../kernel/api/index.ts'

const PREFIX = 'tun-allowed/'
const HERE = Uint8Array.of(1)

export class Allowed {
  readonly #keyspace: Keyspace
  readonly #people = new Set<PersonId>()

  constructor(keyspace: Keyspace) {
    this.#keyspace = keyspace
  }

  async load(): Promise<void> {
    for await (const [key] of this.#keyspace.list(PREFIX))
      this.#people.add(key.slice(PREFIX.length) as PersonId)
  }

  has(person: PersonId): boolean {
    return this.#people.has(person)
  }

  all(): readonly PersonId[] {
    return [...this.#people]
  }

  /** Shutting somebody out counts at once, letting somebody in once it is kept. */
  async set(person: PersonId, isAllowed: boolean): Promise<void> {
    if (!isAllowed) this.#people.delete(person)
    await this.#keyspace.write([[PREFIX + person, isAllowed ? HERE : undefined]])
    if (isAllowed) this.#people.add(person)
  }
}
