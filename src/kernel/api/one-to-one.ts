/**
 * Conversations of two, for plugins that put facts of their own into them: who is met in which stream, and what has
 * to be done before anything is said there. Provided by whoever carries these streams.
 */
import type { EventId, PersonId, StreamId } from '../../events/ids.ts'
import { token } from './plugin.ts'
import type { Contact } from './tokens.ts'

export interface OneToOne {
  streamWith(person: PersonId): StreamId
  /** The other person; undefined for other streams, and for strangers not met since the start. */
  personOf(stream: StreamId): PersonId | undefined
  /** Accepts them and introduces this device. Rejects with KEYS_CHANGED or BLOCKED. */
  prepare(to: Contact): Promise<StreamId>
  /** Whether the other person has the event, in time. */
  delivered(event: EventId, timeoutMs: number): Promise<boolean>
}
export const OneToOne = token<OneToOne>('ntm.one-to-one')
