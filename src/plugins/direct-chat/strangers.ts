/**
 * Strangers whose first message was stored while the request it means was not: the power went between the two
 * commits. Found at the next start, so that nobody's first words stay unseen.
 */
import type { PersonId } from '../../events/ids.ts'
import { DEVICE_INTRODUCED } from '../../events/person.ts'
import type { Log, People } from '../../kernel/api/index.ts'
import type { KnownPeople } from './known-people.ts'

/** An author's chain begins with the introduction; the text comes soon after it. */
const LOOKED_AT = 8

interface Parts {
  readonly log: Log
  readonly people: People
  readonly known: KnownPeople
}

/** Whoever wrote here and was never decided about. One who was removed since is decided about. */
export async function unansweredStrangers({ log, people, known }: Parts): Promise<ReadonlySet<PersonId>> {
  const strangers = new Set<PersonId>()
  for (const stream of await log.streams())
    for (const { author } of await log.tips(stream)) {
      const person = people.card(author)?.person
      if (person === undefined || !people.isUndecided(person) || known.streamWith(person) !== stream) continue
      for await (const { event } of log.read({ stream, author, limit: LOOKED_AT }))
        if (event.envelope.type !== DEVICE_INTRODUCED) strangers.add(person)
    }
  return strangers
}
