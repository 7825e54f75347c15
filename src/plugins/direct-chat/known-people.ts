/**
 * People as the text machine sees them: the stream of each conversation beside the person, so that neither a
 * frame nor an event has to be hashed to be attributed.
 */
import type { DeviceId, PersonId, StreamId } from '../../events/ids.ts'
import { type People, standingOf } from '../../kernel/api/index.ts'
import { directStream } from '../../wire/person-proof.ts'
import type { Acquaintance, Acquaintances } from './text/acquaintance.ts'

export class KnownPeople implements Acquaintances {
  readonly #people: People
  readonly #self: PersonId
  readonly #streams = new Map<PersonId, StreamId>()
  readonly #persons = new Map<StreamId, PersonId>()

  constructor(people: People, self: PersonId) {
    this.#people = people
    this.#self = self
  }

  of(device: DeviceId): Acquaintance | undefined {
    const person = this.#people.card(device)?.person
    if (person === undefined || person === this.#self) return undefined
    return { person, stream: this.streamWith(person), ...standingOf(this.#people.contact(person)) }
  }

  devices(stream: StreamId): readonly DeviceId[] {
    const person = this.#persons.get(stream)
    return person === undefined ? [] : this.#people.cards(person).map(card => card.device)
  }

  streamWith(person: PersonId): StreamId {
    const known = this.#streams.get(person)
    if (known !== undefined) return known
    const stream = directStream(this.#self, person)
    this.#streams.set(person, stream)
    this.#persons.set(stream, person)
    return stream
  }

  /** Whose conversation this is; undefined for streams of another kind and of people not met since the start. */
  personOf(stream: StreamId): PersonId | undefined {
    return this.#persons.get(stream)
  }
}
