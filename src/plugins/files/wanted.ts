/** Which files this person wants, or wanted and has: remembered, so that they go on after a restart. */
import { z } from 'zod'
import type { EventId } from '../../events/ids.ts'
import type { Keyspace } from '../../kernel/api/index.ts'

const WANTED = z.object({
  folder: z.string(),
  name: z.string(),
  /** Where it is, once it has arrived; before that the path that it is about to get. */
  published: z.string().optional(),
  /** Somebody stopped it: it goes on when it is asked for again, and not by itself. */
  isStopped: z.boolean(),
})
export type Wanted = z.infer<typeof WANTED>

const PREFIX = 'wanted/'

export class WantedFiles {
  readonly #keyspace: Keyspace
  readonly #wanted = new Map<EventId, Wanted>()

  constructor(keyspace: Keyspace) {
    this.#keyspace = keyspace
  }

  async load(): Promise<void> {
    for await (const [key, bytes] of this.#keyspace.list(PREFIX))
      this.#wanted.set(
        key.slice(PREFIX.length) as EventId,
        WANTED.parse(JSON.parse(Buffer.from(bytes).toString())),
      )
  }

  get all(): Iterable<readonly [EventId, Wanted]> {
    return this.#wanted
  }

  of(offer: EventId): Wanted | undefined {
    return this.#wanted.get(offer)
  }

  async remember(offer: EventId, wanted: Wanted): Promise<void> {
    this.#wanted.set(offer, wanted)
    await this.#keyspace.write([[PREFIX + offer, Buffer.from(JSON.stringify(wanted))]])
  }

  async forget(offer: EventId): Promise<void> {
    this.#wanted.delete(offer)
    await this.#keyspace.write([[PREFIX + offer, undefined]])
  }
}
