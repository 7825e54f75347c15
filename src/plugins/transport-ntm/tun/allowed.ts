/**
 * Whose packets reach programs of this machine that have not asked for them: nobody's, until their person was let in by
 * name. Kept for good, and by person: whoever takes over a name takes over nothing with it. The name is kept beside it,
 * because a person need be nobody else's business here: whoever lets them in may know them by it alone.
 */
import type { PersonId } from '../../../events/ids.ts'
import type { Keyspace } from '../../../kernel/api/index.ts'

const PREFIX = 'tun-allowed/'

/** What stood here before names did: no letter. */
const NAMELESS = '\x01'

export class Allowed {
  readonly #keyspace: Keyspace
  readonly #names = new Map<PersonId, string>()

  constructor(keyspace: Keyspace) {
    this.#keyspace = keyspace
  }

  async load(): Promise<void> {
    for await (const [key, value] of this.#keyspace.list(PREFIX)) {
      const name = Buffer.from(value).toString()
      this.#names.set(key.slice(PREFIX.length) as PersonId, name === NAMELESS ? '' : name)
    }
  }

  has(person: PersonId): boolean {
    return this.#names.has(person)
  }

  all(): readonly PersonId[] {
    return [...this.#names.keys()]
  }

  /** By which they were let in; empty where a version before this one did it. */
  nameOf(person: PersonId): string {
    return this.#names.get(person) ?? ''
  }

  /** Counts once it is kept. */
  async letIn(person: PersonId, name: string): Promise<void> {
    await this.#keyspace.write([[PREFIX + person, Buffer.from(name)]])
    this.#names.set(person, name)
  }

  /** Counts at once. */
  async shutOut(person: PersonId): Promise<void> {
    this.#names.delete(person)
    await this.#keyspace.write([[PREFIX + person, undefined]])
  }
}
