/** Given what was decided before, when somebody wishes something, then these facts are written. */
import { describe, expect, it } from 'vitest'
import type { EventId, PersonId } from '../../../src/events/ids.ts'
import {
  type ContactBook,
  claimantOf,
  contactOf,
  contactsOf,
  emptyBook,
  evolve,
  formerHolders,
} from '../../../src/plugins/people/contact-book.ts'
import type { ContactFact } from '../../../src/plugins/people/contact-events.ts'
import {
  decideAccept,
  decideBlock,
  decideClaim,
  decideRemove,
  decideRequest,
  decideVerify,
} from '../../../src/plugins/people/decide.ts'
import { findContact } from '../../../src/plugins/people/find.ts'

const BOB = 'b'.repeat(64) as PersonId
const EVE = 'e'.repeat(64) as PersonId
const NAME = 'bob.example'

const pinned = (person: PersonId, name = NAME): ContactFact => ({ type: 'contact.name-pinned', person, name })
const about = (type: Exclude<ContactFact['type'], 'contact.name-pinned' | 'contact.keys-changed'>) =>
  ((person: PersonId = BOB) => ({ type, person })) as (person?: PersonId) => ContactFact
const accepted = about('contact.accepted')
const requested = about('contact.requested')
const blocked = about('contact.blocked')
const removed = about('contact.removed')
const verified = about('contact.verified')
const claimed = (person: PersonId): ContactFact => ({ type: 'contact.keys-changed', person, name: NAME })

function given(...facts: readonly ContactFact[]): ContactBook {
  const book = emptyBook()
  facts.forEach((fact, depth) => {
    evolve(book, fact, { depth, id: depth.toString(16).padStart(64, '0') as EventId })
  })
  return book
}

const CASES: readonly [
  string,
  readonly ContactFact[],
  (book: ContactBook) => readonly ContactFact[],
  unknown,
][] = [
  [
    'accepting a stranger pins the name',
    [],
    book => decideAccept(book, BOB, NAME),
    [pinned(BOB), accepted()],
  ],
  [
    'accepting a request writes only that',
    [pinned(BOB), requested()],
    book => decideAccept(book, BOB, NAME),
    [accepted()],
  ],
  [
    'accepting somebody accepted writes nothing',
    [pinned(BOB), accepted()],
    book => decideAccept(book, BOB, NAME),
    [],
  ],
  [
    'accepting a claimant removes who had the name',
    [pinned(BOB), accepted(), claimed(EVE)],
    book => decideAccept(book, EVE, NAME),
    [removed(BOB), pinned(EVE), accepted(EVE)],
  ],
  [
    'accepting who has the name ends the quarrel in their favour',
    [pinned(BOB), accepted(), claimed(EVE)],
    book => decideAccept(book, BOB, NAME),
    [pinned(BOB)],
  ],
  [
    'a stranger who writes is a request',
    [],
    book => decideRequest(book, BOB, NAME),
    [pinned(BOB), requested()],
  ],
  [
    'a request of somebody blocked is nothing',
    [pinned(BOB), blocked()],
    book => decideRequest(book, BOB, NAME),
    [],
  ],
  [
    'a stranger who writes under a pinned name is a claim',
    [pinned(BOB), accepted()],
    book => decideRequest(book, EVE, NAME),
    [claimed(EVE)],
  ],
  [
    'somebody removed may ask again',
    [pinned(BOB), accepted(), removed()],
    book => decideRequest(book, BOB, NAME),
    [pinned(BOB), requested()],
  ],
  ['a claim on a free name is nothing', [], book => decideClaim(book, EVE, NAME), []],
  [
    'a second claim on one name is not written',
    [pinned(BOB), accepted(), claimed(EVE)],
    book => decideClaim(book, 'f'.repeat(64) as PersonId, NAME),
    [],
  ],
  [
    'blocking a stranger remembers the name',
    [],
    book => decideBlock(book, BOB, NAME),
    [pinned(BOB), blocked()],
  ],
  ['blocking twice writes nothing', [pinned(BOB), blocked()], book => decideBlock(book, BOB, NAME), []],
  ['removing a contact', [pinned(BOB), accepted()], book => decideRemove(book, BOB), [removed()]],
  ['removing nobody', [], book => decideRemove(book, BOB), []],
  ['verifying', [pinned(BOB), accepted()], book => decideVerify(book, BOB), [verified()]],
  ['verifying twice', [pinned(BOB), accepted(), verified()], book => decideVerify(book, BOB), []],
]

describe('deciding about people', () => {
  it.each(CASES)('%s', (_what, facts, when, then) => {
    expect(when(given(...facts))).toEqual(then)
  })

  it('remembers at most a thousand strangers at a time', () => {
    const crowd = Array.from({ length: 1024 }, (_, index) => index.toString(16).padStart(64, '0') as PersonId)
    const facts = crowd.flatMap((person, index) => [pinned(person, `n${index}.example`), requested(person)])
    expect(decideRequest(given(...facts), BOB, NAME)).toEqual([])
    expect(decideRequest(given(...facts, blocked(crowd[0])), BOB, NAME)).toHaveLength(2)
  })
})

describe('the contact book', () => {
  it('shows nobody verified after they were removed and asked again', () => {
    const book = given(pinned(BOB), accepted(), verified(), removed(), requested())
    expect(contactOf(book, BOB)).toEqual({
      person: BOB,
      name: NAME,
      state: 'request',
      verified: false,
      disputed: false,
    })
  })

  it('keeps somebody blocked whose name went to another', () => {
    const book = given(pinned(BOB), blocked(), claimed(EVE))
    expect(decideAccept(book, EVE, NAME)).toEqual([pinned(EVE), accepted(EVE)])
    const after = given(pinned(BOB), blocked(), claimed(EVE), pinned(EVE), accepted(EVE))
    expect(contactOf(after, BOB)).toMatchObject({ state: 'blocked' })
    expect(findContact(after, NAME)).toMatchObject({ person: EVE, state: 'accepted' })
  })

  it('remembers who had a name before, unless they are still contacts', () => {
    const before = [pinned(BOB), accepted()]
    expect(formerHolders(given(...before), NAME)).toEqual([])
    expect(formerHolders(given(...before, removed()), NAME)).toEqual([])
    expect(formerHolders(given(...before, removed(), pinned(EVE), accepted(EVE)), NAME)).toEqual([BOB])
    expect(formerHolders(given(...before, blocked(), pinned(EVE), accepted(EVE)), NAME)).toEqual([])
    expect(formerHolders(given(...before, removed(), pinned(EVE), pinned(BOB)), NAME)).toEqual([EVE])
  })

  it('holds a name disputed from the claim to the settlement', () => {
    expect(claimantOf(given(pinned(BOB), accepted(), claimed(EVE)), NAME)).toBe(EVE)
    expect(claimantOf(given(pinned(BOB), accepted(), claimed(EVE), pinned(BOB)), NAME)).toBeUndefined()
  })

  it('is the same whatever the order in which facts of the same rank come', () => {
    const ranked = [
      pinned(BOB),
      requested(),
      accepted(),
      pinned(EVE),
      blocked(EVE),
      claimed(EVE),
      removed(),
    ].map((fact, index) => ({
      fact,
      rank: { depth: index % 3, id: index.toString(16).padStart(64, '0') as EventId },
    }))
    const fold = (order: typeof ranked) => {
      const book = emptyBook()
      for (const { fact, rank } of order) evolve(book, fact, rank)
      return contactsOf(book)
    }
    for (let turn = 0; turn < ranked.length; turn += 1)
      expect(fold([...ranked.slice(turn), ...ranked.slice(0, turn)])).toEqual(fold(ranked))
  })
})

describe('finding who is meant', () => {
  const carol = 'c'.repeat(64) as PersonId
  const book = given(
    pinned(BOB),
    accepted(),
    pinned(EVE, 'eve.example'),
    requested(EVE),
    pinned(carol, 'bo.example'),
    accepted(carol),
  )

  it.each([
    ['a full name', 'bob.example', BOB],
    ['a full name in any state', 'eve.example', EVE],
    ['a unique beginning', 'bob', BOB],
    ['a full name that begins another', 'bo.example', carol],
    ['an id', EVE, EVE],
    ['the beginning of a stranger', 'ev', undefined],
    ['nothing', '', undefined],
  ])('%s', (_what, typed, person) => {
    expect(findContact(book, typed)?.person).toBe(person)
  })

  it('asks for more letters when two begin alike', () => {
    expect(() => findContact(book, 'bo')).toThrow(expect.objectContaining({ code: 'AMBIGUOUS' }))
  })
})
