/**
 * Every decision about another person as a pure function: the book as it stands and a wish go in, the facts to
 * be written come out. No fact comes out when nothing would change; a wish that makes no sense is refused.
 */
import type { PersonId } from '../../events/ids.ts'
import { type ContactBook, claimantOf, contactOf, contactsOf, pinOf } from './contact-book.ts'
import type { ContactFact } from './contact-events.ts'

type Facts = readonly ContactFact[]

/** Strangers remembered at a time; more would let anybody fill the log. */
const STRANGERS_WAITING_MAX = 1024

/** Makes a person accepted under a name; a quarrel about the name ends in their favour. */
export function decideAccept(book: ContactBook, person: PersonId, name: string): Facts {
  const before = contactOf(book, person)
  const pinned = pinOf(book, name)
  const isSettled = pinned === person && claimantOf(book, name) === undefined
  const facts: ContactFact[] = []
  const holder = pinned === undefined || pinned === person ? undefined : contactOf(book, pinned)
  // Who was blocked stays it without the name.
  if (holder !== undefined && holder.state !== 'blocked')
    facts.push({ type: 'contact.removed', person: holder.person })
  if (!isSettled || book.names.get(person)?.value !== name)
    facts.push({ type: 'contact.name-pinned', person, name })
  if (before?.state !== 'accepted') facts.push({ type: 'contact.accepted', person })
  return facts
}

/** Remembers a stranger who wrote first. Nothing when this person was already decided about. */
export function decideRequest(book: ContactBook, person: PersonId, name: string): Facts {
  if (contactOf(book, person) !== undefined) return []
  const waiting = contactsOf(book).filter(contact => contact.state === 'request')
  if (waiting.length >= STRANGERS_WAITING_MAX) return []
  const pinned = pinOf(book, name)
  if (pinned !== undefined && pinned !== person) return decideClaim(book, person, name)
  return [
    { type: 'contact.name-pinned', person, name },
    { type: 'contact.requested', person },
  ]
}

export function decideBlock(book: ContactBook, person: PersonId, name: string): Facts {
  if (contactOf(book, person)?.state === 'blocked') return []
  const isNamed = book.names.get(person)?.value !== undefined
  const naming: Facts = isNamed ? [] : [{ type: 'contact.name-pinned', person, name }]
  return [...naming, { type: 'contact.blocked', person }]
}

export const decideRemove = (book: ContactBook, person: PersonId): Facts =>
  contactOf(book, person) === undefined ? [] : [{ type: 'contact.removed', person }]

export const decideVerify = (book: ContactBook, person: PersonId): Facts =>
  contactOf(book, person)?.verified === true ? [] : [{ type: 'contact.verified', person }]

/**
 * Another person claims a pinned name. Once is enough: until somebody settles it, nothing is sent to the name,
 * whoever else claims it meanwhile.
 */
export function decideClaim(book: ContactBook, claimant: PersonId, name: string): Facts {
  const pinned = pinOf(book, name)
  const isQuarrel = pinned !== undefined && pinned !== claimant && contactOf(book, pinned) !== undefined
  if (!isQuarrel || claimantOf(book, name) !== undefined) return []
  return [{ type: 'contact.keys-changed', person: claimant, name }]
}
