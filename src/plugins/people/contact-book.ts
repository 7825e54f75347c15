/**
 * The decision record as a value: how this person stands to others and which name means whom. Every field is a
 * register that the causally latest fact wins; concurrent facts of two own devices are ranked by depth in the
 * graph and then by id, so the book is a function of the set of facts and not of their order.
 */
import type { EventId, PersonId } from '../../events/ids.ts'
import type { Contact } from '../../kernel/api/index.ts'
import type { ContactFact } from './contact-events.ts'

/** Where a fact stands in its stream: longest path to the beginning, then its id. */
export interface Rank {
  readonly depth: number
  readonly id: EventId
}
interface Register<V> {
  readonly rank: Rank
  readonly value: V
}
type Decision = 'accepted' | 'blocked' | 'removed'
const DECISIONS = {
  'contact.accepted': 'accepted',
  'contact.blocked': 'blocked',
  'contact.removed': 'removed',
} as const

export interface ContactBook {
  readonly requested: Map<PersonId, Register<true>>
  readonly decided: Map<PersonId, Register<Decision>>
  readonly verified: Map<PersonId, Register<true>>
  /** The name that a person was pinned under last. */
  readonly names: Map<PersonId, Register<string>>
  readonly pins: Map<string, Register<PersonId>>
  /** Who else claims a name. Counts while it is later than the pin. */
  readonly claims: Map<string, Register<PersonId>>
}

export const emptyBook = (): ContactBook => ({
  requested: new Map(),
  decided: new Map(),
  verified: new Map(),
  names: new Map(),
  pins: new Map(),
  claims: new Map(),
})

const isLater = (a: Rank | undefined, b: Rank | undefined): boolean =>
  a !== undefined && (b === undefined || a.depth > b.depth || (a.depth === b.depth && a.id > b.id))

function set<K, V>(registers: Map<K, Register<V>>, key: K, value: V, rank: Rank): void {
  if (isLater(rank, registers.get(key)?.rank)) registers.set(key, { rank, value })
}

/** Folds one fact into the book. */
export function evolve(book: ContactBook, fact: ContactFact, rank: Rank): void {
  switch (fact.type) {
    case 'contact.requested':
      set(book.requested, fact.person, true, rank)
      break
    case 'contact.verified':
      set(book.verified, fact.person, true, rank)
      break
    case 'contact.keys-changed':
      set(book.claims, fact.name, fact.person, rank)
      break
    case 'contact.name-pinned':
      set(book.names, fact.person, fact.name, rank)
      set(book.pins, fact.name, fact.person, rank)
      break
    default:
      set(book.decided, fact.person, DECISIONS[fact.type], rank)
  }
}

/** Whom a name means, if it was ever pinned. */
export const pinOf = (book: ContactBook, name: string): PersonId | undefined => book.pins.get(name)?.value

/** Who else claims the name, unless that was settled since. */
export function claimantOf(book: ContactBook, name: string): PersonId | undefined {
  const claim = book.claims.get(name)
  return isLater(claim?.rank, book.pins.get(name)?.rank) ? claim?.value : undefined
}

function stateOf(book: ContactBook, person: PersonId): Contact['state'] | undefined {
  const decided = book.decided.get(person)
  if (decided !== undefined && decided.value !== 'removed') return decided.value
  return isLater(book.requested.get(person)?.rank, decided?.rank) ? 'request' : undefined
}

function isVerified(book: ContactBook, person: PersonId): boolean {
  const decided = book.decided.get(person)
  const forgotten = decided?.value === 'removed' ? decided.rank : undefined
  return isLater(book.verified.get(person)?.rank, forgotten)
}

/** Nothing is written about this person; somebody who was removed is decided about. */
export const isUndecided = (book: ContactBook, person: PersonId): boolean =>
  !book.decided.has(person) && !book.requested.has(person)

/** The contact that this person is; undefined for strangers and for people who were removed. */
export function contactOf(book: ContactBook, person: PersonId): Contact | undefined {
  const state = stateOf(book, person)
  const name = book.names.get(person)?.value
  if (state === undefined || name === undefined) return undefined
  const disputed = claimantOf(book, name) !== undefined
  return { person, name, state, verified: isVerified(book, person), disputed }
}

/** The name that a person was pinned under last, contact or not. */
export const nameOf = (book: ContactBook, person: PersonId): string | undefined =>
  book.names.get(person)?.value

/** Who was pinned under a name before the one that it is pinned to now, and is a contact no more. */
export const formerHolders = (book: ContactBook, name: string): readonly PersonId[] =>
  [...book.names]
    .filter(([, register]) => register.value === name)
    .map(([person]) => person)
    .filter(person => person !== pinOf(book, name) && contactOf(book, person) === undefined)
    .sort()

/** All contacts by name, then by person. */
export function contactsOf(book: ContactBook): readonly Contact[] {
  const persons = new Set([...book.decided.keys(), ...book.requested.keys()])
  const contacts = [...persons].flatMap(person => contactOf(book, person) ?? [])
  const key = (contact: Contact) => `${contact.name} ${contact.person}`
  return contacts.sort((a, b) => (key(a) < key(b) ? -1 : 1))
}
