/**
 * Which contact is meant by what somebody typed: a whole name, a person id, or the beginning of the name of an
 * accepted contact. Beginnings never match strangers, who choose their names themselves.
 */
import { isId, type PersonId } from '../../events/ids.ts'
import { ChatError, type Contact } from '../../kernel/api/index.ts'
import { type ContactBook, contactOf, contactsOf, pinOf } from './contact-book.ts'

/** The contact meant; undefined when none is known. Throws AMBIGUOUS. */
export function findContact(book: ContactBook, nameOrId: string): Contact | undefined {
  if (isId(nameOrId)) return contactOf(book, nameOrId as PersonId)
  const pinned = pinOf(book, nameOrId)
  const exact = pinned === undefined ? undefined : contactOf(book, pinned)
  if (exact !== undefined || nameOrId === '') return exact
  const matches = contactsOf(book).filter(
    contact => contact.state === 'accepted' && contact.name.startsWith(nameOrId),
  )
  if (matches.length <= 1) return matches[0]
  const names = matches.map(contact => contact.name).join(', ')
  throw new ChatError('AMBIGUOUS', `"${nameOrId}" could be ${names}`)
}
