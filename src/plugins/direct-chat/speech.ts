/**
 * Saying something to somebody: checks that they may be told, introduces this device where it has never spoken,
 * and submits the text. From then on the text machine owns the message.
 */
import type { PersonId, StreamId } from '../../events/ids.ts'
import {
  ChatError,
  type Contact,
  type Identity,
  type Log,
  type People,
  type Recorded,
} from '../../kernel/api/index.ts'
import { directIntroduction } from './direct-rules.ts'
import type { KnownPeople } from './known-people.ts'
import { decideSay } from './said.ts'

export interface SpeechParts {
  readonly log: Log
  readonly identity: Identity
  readonly people: People
  readonly known: KnownPeople
}

export class Speech {
  readonly #parts: SpeechParts
  /** Streams in which this device has introduced itself, or is about to. */
  readonly #introduced = new Map<StreamId, Promise<void>>()

  constructor(parts: SpeechParts) {
    this.#parts = parts
  }

  /** Who is written to is accepted by that, and this device introduced to them. */
  async prepare(to: Contact): Promise<void> {
    if (to.disputed)
      throw new ChatError('KEYS_CHANGED', `another person claims the name ${to.name}; nothing was sent`)
    if (to.state === 'blocked') throw new ChatError('BLOCKED', `${to.name} is blocked; nothing was sent`)
    if (to.state !== 'accepted') await this.#parts.people.accept(to.person)
    await this.#introduce(this.#parts.known.streamWith(to.person), to.person)
  }

  /** The text as an event in the log, to somebody whom it was prepared for. */
  async say(to: Contact, text: string): Promise<Recorded> {
    const [recorded] = await this.#parts.log.submit(this.#parts.known.streamWith(to.person), [
      decideSay(text),
    ])
    return recorded!
  }

  #introduce(stream: StreamId, to: PersonId): Promise<void> {
    const before = this.#introduced.get(stream)
    if (before !== undefined) return before
    const introduction = this.#writeIntroduction(stream, to).catch(error => {
      this.#introduced.delete(stream)
      throw error
    })
    this.#introduced.set(stream, introduction)
    return introduction
  }

  async #writeIntroduction(stream: StreamId, to: PersonId): Promise<void> {
    const { log, identity } = this.#parts
    const tips = await log.tips(stream)
    if (tips.some(tip => tip.author === identity.device)) return
    await log.submit(stream, [directIntroduction(identity, to)])
  }
}
