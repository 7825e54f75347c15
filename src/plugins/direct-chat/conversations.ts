/**
 * The methods `send`, `history` and `chat`: what commands and other clients call. They find the person meant,
 * say or show things, and tell how far each message has come.
 */
import { z } from 'zod'
import type { Opened, Recorded } from '../../events/envelope.ts'
import { type DeviceId, type EventId, isId } from '../../events/ids.ts'
import {
  type Caller,
  ChatError,
  type Clock,
  type Contact,
  type EventData,
  type Identity,
  type Link,
  type Log,
  type OneToOne,
  type PathKind,
  type People,
  type Protocols,
} from '../../kernel/api/index.ts'
import { Chatter } from './chatter.ts'
import { type Awaited, DeliveryWaits, type Wish } from './delivery-waits.ts'
import type { KnownPeople } from './known-people.ts'
import { readPage, type Teller } from './messages.ts'
import { textOf } from './said.ts'
import { Speech } from './speech.ts'
import type { DeliveryBook, DeliveryStep } from './text/delivery-book.ts'
import { TEXT_PROTOCOL } from './text/limits.ts'
import type { TextCommand } from './text/text-machine.ts'
import { Turns } from './turns.ts'

const TIMEOUT_MS = 30_000
const TIMEOUT_MAX_MS = 24 * 60 * 60 * 1000
const LIMIT = 100
const LIMIT_MAX = 10_000

const SEND = z.object({
  to: z.string().min(1),
  text: z.string(),
  wait: z.enum(['sent', 'stored', 'delivered', 'read']).default('delivered'),
  timeoutMs: z.number().min(0).max(TIMEOUT_MAX_MS).default(TIMEOUT_MS),
})
const HISTORY = z.object({
  with: z.string().min(1),
  limit: z.number().int().min(1).max(LIMIT_MAX).default(LIMIT),
  before: z.string().refine(isId, 'is not the id of a message').optional(),
  markRead: z.boolean().default(false),
})
const CHAT = z.object({ with: z.string().min(1) })

export interface ConversationParts {
  readonly log: Log
  readonly data: EventData
  readonly clock: Clock
  readonly identity: Identity
  readonly people: People
  readonly protocols: Protocols
  readonly known: KnownPeople
  readonly book: DeliveryBook
}

export class Conversations {
  readonly #parts: ConversationParts
  readonly #speech: Speech
  readonly #turns = new Turns()
  readonly #waits: DeliveryWaits
  readonly #listeners = new Set<{ readonly contact: Contact; readonly chatter: Chatter }>()
  readonly #paths = new Map<DeviceId, PathKind | undefined>()

  constructor(parts: ConversationParts) {
    this.#parts = parts
    this.#speech = new Speech(parts)
    this.#waits = new DeliveryWaits(parts.book, parts.clock)
  }

  async send(params: unknown, { onGone }: Caller): Promise<unknown> {
    const { to, text, wait: wish, timeoutMs } = SEND.parse(params)
    const contact = await this.#turns.prepared(to, async () => {
      const found = await this.#parts.people.find(to)
      await this.#speech.prepare(found)
      return found
    })
    const { event } = await this.#speech.say(contact, text)
    const { stream, seq } = event.envelope
    const awaited = await this.#waits.until({ stream, seq, wish, timeoutMs, onGone })
    const result = { id: event.id, state: awaited.state, ...this.#carried(awaited) }
    if (awaited.isFulfilled) return result
    if (this.#parts.people.contact(contact.person)?.disputed === true)
      throw changedHands(contact.name, result)
    throw unfulfilled(contact.name, wish, awaited, result)
  }

  /** For whoever else puts something into these streams. */
  oneToOne(): OneToOne {
    const { known, log } = this.#parts
    return {
      streamWith: person => known.streamWith(person),
      personOf: stream => known.personOf(stream),
      prepare: async to => {
        await this.#turns.prepared(to.name, () => this.#speech.prepare(to))
        return known.streamWith(to.person)
      },
      delivered: async (event, timeoutMs) => {
        const found = await log.find(event)
        if (found === undefined) return false
        const { stream, seq } = found.event.envelope
        const waiting = { stream, seq, wish: 'delivered', timeoutMs, onGone: () => () => undefined } as const
        return (await this.#waits.until(waiting)).isFulfilled
      },
    }
  }

  async history(params: unknown): Promise<unknown> {
    const { with: name, limit, before, markRead } = HISTORY.parse(params)
    const contact = await this.#parts.people.find(name)
    this.#recall(contact)
    const page = { limit, before: before as EventId | undefined }
    const { messages, events } = await readPage(this.#parts.log, this.teller(contact), page)
    if (markRead) this.show(contact, events)
    return { messages }
  }

  /** Streams what happens until the caller goes; what it shows counts as read. */
  async chat(params: unknown, caller: Caller): Promise<unknown> {
    const contact = await this.#parts.people.find(CHAT.parse(params).with)
    const listener = { contact, chatter: new Chatter(this.teller(contact), item => caller.emit(item)) }
    this.#listeners.add(listener)
    await new Promise<void>(resolve => void caller.onGone(resolve))
    this.#listeners.delete(listener)
    return {}
  }

  /** An event was admitted. */
  appended({ event }: Recorded): void {
    for (const { contact, chatter } of this.#listeners) if (chatter.heard(event)) this.show(contact, [event])
  }

  /** Somebody stands otherwise than before. */
  decided({ person, disputed }: Contact): void {
    if (disputed) this.#waits.end(this.#parts.known.streamWith(person))
  }

  moved(step: DeliveryStep): void {
    this.#waits.moved(step)
    for (const { chatter } of this.#listeners) chatter.moved(step)
  }

  linked({ device, up, path }: Link): void {
    if (up) this.#paths.set(device, path)
    else this.#paths.delete(device)
    const person = this.#parts.people.card(device)?.person
    for (const { contact, chatter } of this.#listeners)
      if (contact.person === person) chatter.linked(contact.name, up)
  }

  teller({ person, name }: Contact): Teller {
    const { data, identity, known, book, people } = this.#parts
    const self = identity.device
    const nameOf = (author: Teller['self']): string =>
      author === self ? identity.name : (people.card(author)?.name ?? name)
    const stream = known.streamWith(person)
    return { stream, self, book, nameOf, textOf: event => textOf(data, event) }
  }

  /** How far texts have come is known of contacts from the start, and of others once somebody asks. */
  #recall({ person }: Contact): void {
    const { known, people, protocols } = this.#parts
    if (people.contact(person) !== undefined) return
    const command: TextCommand = { kind: 'reconsider', stream: known.streamWith(person) }
    protocols.command(TEXT_PROTOCOL, command)
  }

  /** Tells the other side that these events were seen. */
  show({ person }: Contact, events: readonly Opened[]): void {
    const { identity, known, protocols } = this.#parts
    const stream = known.streamWith(person)
    const newest = new Map(events.map(event => [event.envelope.author, event]))
    newest.delete(identity.device)
    for (const [author, { id, envelope }] of newest) {
      const command: TextCommand = { kind: 'show', stream, author, seq: envelope.seq, id }
      protocols.command(TEXT_PROTOCOL, command)
    }
  }

  /** By which path it came and how long that took; nothing is known of either before it is delivered. */
  #carried({ carried }: Awaited): { path: string | null; rttMs: number | null } {
    if (carried === undefined) return { path: null, rttMs: null }
    const { by, rttMs } = carried
    const path = this.#paths.get(by) ?? null
    return { path, rttMs: rttMs === undefined ? null : Math.round(rttMs * 1000) / 1000 }
  }
}

const changedHands = (name: string, fields: Record<string, unknown>): ChatError =>
  new ChatError('KEYS_CHANGED', `another person claims the name ${name} now; nothing more is sent to it`, {
    fields,
  })

function unfulfilled(name: string, wish: Wish, awaited: Awaited, fields: Record<string, unknown>): ChatError {
  if (awaited.state === 'failed')
    return new ChatError('NOT_ADMITTED', `${name} did not take the message: ${awaited.reason}`, { fields })
  if (awaited.state === 'queued')
    return new ChatError('PEER_UNREACHABLE', `${name} could not be reached in time`, { fields })
  return new ChatError('TIMED_OUT', `${name} did not confirm in time that the message was ${wish}`, {
    hint:
      awaited.state === 'sent'
        ? 'it stays queued and is sent again until it is confirmed'
        : `it is ${awaited.state}; there is nothing to be done`,
    fields,
  })
}
