/**
 * The projection `contacts`: the contact book folded from the self stream. It keeps the depth of each event it
 * has seen, because the book ranks facts by causality and the envelope only tells an event's neighbours.
 */
import type { Recorded } from '../../events/envelope.ts'
import { type EventId, idToBytes, type StreamId } from '../../events/ids.ts'
import { DEVICE_INTRODUCED } from '../../events/person.ts'
import type { Projection, ProjectionState } from '../../kernel/api/index.ts'
import { labelledHash } from '../../wire/hash.ts'
import { packData, readData } from '../../wire/msgpack.ts'
import { type ContactBook, emptyBook, evolve, type Rank } from './contact-book.ts'
import { CONTACT_EVENT_TYPES, readContactFact } from './contact-events.ts'

const FINGERPRINT_LABEL = 'ntm.view.contacts.1'

export interface Contacts extends ProjectionState {
  readonly book: ContactBook
}

/** The book of the person whose self stream this is. */
export const contactsProjection = (stream: StreamId): Projection<Contacts> => ({
  name: 'ntm.people.contacts',
  version: 1,
  types: [...CONTACT_EVENT_TYPES, DEVICE_INTRODUCED],
  create: () => new ContactsState(stream),
})

type SavedRegister = [key: string, depth: number, id: string, value: unknown]
interface Saved {
  readonly depths: [id: string, depth: number][]
  readonly book: Record<keyof ContactBook, SavedRegister[]>
}

class ContactsState implements Contacts {
  readonly #stream: StreamId
  readonly #depths = new Map<EventId, number>()
  readonly book = emptyBook()

  constructor(stream: StreamId) {
    this.#stream = stream
  }

  apply({ event }: Recorded): void {
    const { envelope, id } = event
    if (envelope.stream !== this.#stream) return
    const causes = envelope.prev === undefined ? envelope.seen : [envelope.prev, ...envelope.seen]
    const behind = causes.map(cause => (this.#depths.get(cause) ?? -1) + 1)
    // Its own number keeps an event above those of its author that are of types not read here.
    const depth = Math.max(envelope.seq, ...behind)
    this.#depths.set(id, depth)
    const data = event.data === undefined ? undefined : readData(event.data)
    const fact = data?.ok ? readContactFact(envelope.type, data.value) : undefined
    if (fact !== undefined) evolve(this.book, fact, { depth, id })
  }

  fingerprint(): Uint8Array {
    const parts = [...this.#depths.keys()].sort().map(idToBytes)
    return labelledHash(FINGERPRINT_LABEL, packData(this.#savedBook()), ...parts)
  }

  save(): Uint8Array {
    return new TextEncoder().encode(JSON.stringify({ depths: [...this.#depths], book: this.#savedBook() }))
  }

  load(saved: Uint8Array): void {
    const { depths, book } = JSON.parse(new TextDecoder().decode(saved)) as Saved
    for (const [id, depth] of depths) this.#depths.set(id as EventId, depth)
    for (const name of Object.keys(this.book) as (keyof ContactBook)[]) {
      const registers = this.book[name] as Map<string, { rank: Rank; value: unknown }>
      for (const [key, depth, id, value] of book[name])
        registers.set(key, { rank: { depth, id: id as EventId }, value })
    }
  }

  #savedBook(): Saved['book'] {
    const rows = (registers: Map<string, { rank: Rank; value: unknown }>): SavedRegister[] =>
      [...registers]
        .map(([key, { rank, value }]): SavedRegister => [key, rank.depth, rank.id, value])
        .sort(([a], [b]) => (a < b ? -1 : 1))
    return Object.fromEntries(
      Object.entries(this.book).map(([name, registers]) => [name, rows(registers)]),
    ) as Saved['book']
  }
}
