/**
 * The service behind the token People: who is who and how this person stands to them. Decisions go to the log
 * and come back as the contact book; cards are kept beside it, because they are facts of directories and not
 * decisions of a person.
 */
import { type Observable, Subject } from 'rxjs'
import { isId, type PersonId, type StreamId } from '../../events/ids.ts'
import { isName } from '../../events/name.ts'
import {
  ChatError,
  type Contact,
  type Directory,
  type Identity,
  type Journal,
  type Log,
  type NameRecord,
  type PeerCard,
  type People,
} from '../../kernel/api/index.ts'
import { introductionDraft } from '../../wire/person-proof.ts'
import type { CardIndex } from './card-index.ts'
import {
  type ContactBook,
  claimantOf,
  contactOf,
  contactsOf,
  formerHolders,
  isUndecided,
  nameOf,
  pinOf,
} from './contact-book.ts'
import { type ContactFact, contactDraft } from './contact-events.ts'
import {
  decideAccept,
  decideBlock,
  decideClaim,
  decideRemove,
  decideRequest,
  decideVerify,
} from './decide.ts'
import { findContact } from './find.ts'
import { selfStream } from './self-stream.ts'

export interface PeopleParts {
  readonly log: Log
  readonly identity: Identity
  readonly directory: Directory
  readonly journal: Journal
  readonly cards: CardIndex
  /** The live contact book. */
  readonly book: () => ContactBook
  /** Whether the record's own bytes prove what it says. */
  readonly isProven: (record: NameRecord) => boolean
}

type Decide = (book: ContactBook) => readonly ContactFact[]
type Learned = Awaited<ReturnType<People['learn']>>

export class PeopleRecord implements People {
  readonly #parts: PeopleParts
  readonly #stream: StreamId
  readonly #contacts = new Subject<Contact>()
  readonly contact$: Observable<Contact> = this.#contacts.asObservable()
  /** Decisions are taken one after the other, each on the book that the one before left behind. */
  #turn: Promise<unknown> = Promise.resolve()

  constructor(parts: PeopleParts) {
    this.#parts = parts
    this.#stream = selfStream(parts.identity.person)
  }

  card = (device: PeerCard['device']): PeerCard | undefined => this.#parts.cards.card(device)
  cardOfTunnelKey = (key: PeerCard['tunnelKey']): PeerCard | undefined =>
    this.#parts.cards.cardOfTunnelKey(key)
  cards = (person: PersonId): readonly PeerCard[] => this.#parts.cards.cards(person)
  contact = (person: PersonId): Contact | undefined => contactOf(this.#parts.book(), person)
  isUndecided = (person: PersonId): boolean => isUndecided(this.#parts.book(), person)
  contacts = (): readonly Contact[] => contactsOf(this.#parts.book())

  /** Those who had the name before the person that it means now. */
  formerHolders = (name: string): readonly PersonId[] => formerHolders(this.#parts.book(), name)

  async learn(record: NameRecord): Promise<Learned> {
    const { cards, isProven } = this.#parts
    const { person, name, serial } = record
    if (person === this.#parts.identity.person) return 'known'
    if (!isProven(record) || this.#isStale(record) || this.#takesForeignKeys(record)) return 'invalid'
    await this.#decide(book => decideClaim(book, person, name))
    const learnt = await cards.replace(person, record.devices, serial)
    if (this.#isClaimedByOther(name, person)) return 'keys-changed'
    if (learnt.isNewPerson) return 'new'
    for (const device of learnt.newDevices)
      this.#parts.journal.note(`${name} uses a new device, certified by their other keys`, device)
    return learnt.newDevices.length > 0 ? 'new-device' : 'known'
  }

  async find(nameOrId: string): Promise<Contact> {
    const known = findContact(this.#parts.book(), nameOrId) ?? this.#acquaintance(nameOrId)
    if (known !== undefined) return known
    if (isName(nameOrId)) return this.lookup(nameOrId)
    throw new ChatError('UNKNOWN_PEER', `nobody is known as "${nameOrId}"`)
  }

  /** Asks the directories for a full name, whether or not it is known; learns what they answer. */
  async lookup(name: string): Promise<Contact> {
    if (name === this.#parts.identity.name) throw new ChatError('USAGE', `${name} is yourself`)
    const found = await this.#parts.directory.lookup(name)
    if (found instanceof ChatError) throw found
    if (typeof found === 'string') throw lookupError(name, found)
    const learned = await this.learn(found)
    if (learned === 'invalid')
      throw new ChatError('UNKNOWN_PEER', `what the directory says about ${name} does not prove itself`)
    const pinned = learned === 'keys-changed' ? pinOf(this.#parts.book(), name) : found.person
    return this.#standing(pinned ?? found.person, name)
  }

  async accept(person: PersonId): Promise<void> {
    await this.#decide(book => decideAccept(book, person, this.#nameOf(person)))
  }

  /** A quarrel about the name ends in this person's favour. */
  async acceptPerson({ person, name }: Contact): Promise<Contact> {
    await this.#decide(book => decideAccept(book, person, name))
    return this.#standing(person, name)
  }

  /** Accepts whoever claims the name now, or else whom it is pinned to. */
  async acceptContact(contact: Contact): Promise<Contact> {
    const claimant = claimantOf(this.#parts.book(), contact.name)
    return this.acceptPerson({ ...contact, person: claimant ?? contact.person })
  }

  async request(person: PersonId): Promise<void> {
    await this.#decide(book => decideRequest(book, person, this.#nameOf(person)))
  }

  async block({ person, name }: Contact): Promise<void> {
    await this.#decide(book => decideBlock(book, person, name))
  }

  async remove({ person }: Contact): Promise<void> {
    await this.#decide(book => decideRemove(book, person))
  }

  async verified({ person }: Contact): Promise<void> {
    await this.#decide(book => decideVerify(book, person))
  }

  /** Tells those who watch that the book changed for these people, also when another own device wrote it. */
  announce(fact: ContactFact): void {
    const book = this.#parts.book()
    const person = fact.type === 'contact.keys-changed' ? pinOf(book, fact.name) : fact.person
    const contact = person === undefined ? undefined : contactOf(book, person)
    if (contact !== undefined) this.#contacts.next(contact)
  }

  /** Somebody who is no contact, known by cards or from before: shown as a request, never recorded. */
  #acquaintance(id: string): Contact | undefined {
    if (!isId(id)) return undefined
    const person = id as PersonId
    const name = this.cards(person)[0]?.name ?? nameOf(this.#parts.book(), person)
    return name === undefined ? undefined : this.#standing(person, name)
  }

  #standing(person: PersonId, name: string): Contact {
    const isClaimed = claimantOf(this.#parts.book(), name) !== undefined
    const disputed = isClaimed || this.#isClaimedByOther(name, person)
    return this.contact(person) ?? { person, name, state: 'request', verified: false, disputed }
  }

  #nameOf(person: PersonId): string {
    const name = this.contact(person)?.name ?? this.cards(person)[0]?.name
    if (name === undefined) throw new ChatError('UNKNOWN_PEER', `no name is known for person ${person}`)
    return name
  }

  #isClaimedByOther(name: string, person: PersonId): boolean {
    const pinned = pinOf(this.#parts.book(), name)
    return pinned !== undefined && pinned !== person && this.contact(pinned) !== undefined
  }

  /** A lower serial than the one known, or the same one with other devices: a serial is used once. */
  #isStale({ person, serial, devices }: NameRecord): boolean {
    const { cards } = this.#parts
    const isSame = (): boolean =>
      devices.length === cards.cards(person).length &&
      devices.every(({ device, tunnelKey }) => cards.card(device)?.tunnelKey === tunnelKey)
    return serial < cards.serial(person) || (serial === cards.serial(person) && !isSame())
  }

  /** A tunnel key belongs to the contact who showed it first: certificates do not prove that they hold it. */
  #takesForeignKeys(record: NameRecord): boolean {
    return record.devices.some(({ tunnelKey, person }) => {
      const holder = this.cardOfTunnelKey(tunnelKey)
      return holder !== undefined && holder.person !== person && this.contact(holder.person) !== undefined
    })
  }

  async #decide(decide: Decide): Promise<void> {
    const decision = this.#turn.then(async () => {
      const facts = decide(this.#parts.book())
      if (facts.length > 0) await this.#write(facts)
    })
    this.#turn = decision.catch(() => undefined)
    await decision
  }

  async #write(facts: readonly ContactFact[]): Promise<void> {
    const { log, identity, journal } = this.#parts
    const tips = await log.tips(this.#stream)
    const isIntroduced = tips.some(tip => tip.author === identity.device)
    const drafts = facts.map(contactDraft)
    const written = await log.submit(
      this.#stream,
      isIntroduced ? drafts : [introductionDraft(identity), ...drafts],
    )
    const claim = facts.find(fact => fact.type === 'contact.keys-changed')
    const event = written.find(({ event }) => event.envelope.type === 'contact.keys-changed')
    if (claim === undefined || event === undefined) return
    const shout = `KEYS CHANGED: another person claims ${claim.name}; nothing is sent to it`
    journal.note(shout, event.event.id)
    journal.note(shout)
  }
}

function lookupError(name: string, failure: string): ChatError {
  switch (failure) {
    case 'unreachable':
      return new ChatError('DC_UNREACHABLE', `no directory could be asked about ${name}`)
    case 'refused':
      return new ChatError('DC_REFUSED', `the directory refuses to tell about ${name}`)
    case 'keys-changed':
      return new ChatError('KEYS_CHANGED', `another person claims the name ${name} now`)
    default:
      return new ChatError('UNKNOWN_PEER', `no directory knows ${name}`)
  }
}
