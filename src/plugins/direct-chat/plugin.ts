/**
 * The plugin 'ntm.direct-chat': conversations of two. It brings their law, the event that a text is, the protocol
 * that carries it, and the methods by which people talk.
 */
import type { Recorded } from '../../events/envelope.ts'
import { DEVICE_INTRODUCED } from '../../events/person.ts'
import {
  Clock,
  type Contact,
  definePlugin,
  EventData,
  Identity,
  Keyspace,
  Log,
  OneToOne,
  Peers,
  People,
  Protocols,
  provide,
} from '../../kernel/api/index.ts'
import { BlockedPeople } from './blocked-people.ts'
import { Conversations } from './conversations.ts'
import { DIRECT_RULES } from './direct-rules.ts'
import { KnownPeople } from './known-people.ts'
import { SAID } from './said.ts'
import { unansweredStrangers } from './strangers.ts'
import { DeliveryBook } from './text/delivery-book.ts'
import { TEXT_PORT, TEXT_PROTOCOL } from './text/limits.ts'
import { POINTERS_PREFIX } from './text/saved-pointers.ts'
import { type TextCommand, TextMachine } from './text/text-machine.ts'

export const directChat = definePlugin({
  manifest: {
    id: 'ntm.direct-chat',
    version: '0.1.0',
    api: '^1.0.0',
    provides: [OneToOne.id],
    owns: { [SAID.type]: SAID.rev },
  },
  needs: {
    log: Log,
    data: EventData,
    clock: Clock,
    identity: Identity,
    keyspace: Keyspace,
    people: People,
    peers: Peers,
    protocols: Protocols,
  },
  setup({ log, data, clock, identity, keyspace, people, peers, protocols }) {
    const known = new KnownPeople(people, identity.person)
    const book = new DeliveryBook()
    const machine = new TextMachine({ self: identity.device, acquaintances: known, book })
    const conversations = new Conversations({ log, data, clock, identity, people, protocols, known, book })
    const command = (input: TextCommand): void => protocols.command(TEXT_PROTOCOL, input)
    const reconsider = ({ person }: Contact): void =>
      command({ kind: 'reconsider', stream: known.streamWith(person) })
    /** The author of the first words, whatever they are, from somebody about whom nothing was decided. */
    const strangerIn = ({ via, event }: Recorded) => {
      if (via === 'self' || event.envelope.type === DEVICE_INTRODUCED) return undefined
      const person = known.personOf(event.envelope.stream)
      return person === undefined || people.contact(person) !== undefined ? undefined : person
    }
    return {
      contributes: {
        rule: [DIRECT_RULES],
        event: [SAID],
        service: [provide(OneToOne, conversations.oneToOne())],
        protocol: [{ name: TEXT_PROTOCOL, version: 1, port: TEXT_PORT, machine }],
        method: [
          { name: 'send', call: (params, caller) => conversations.send(params, caller) },
          { name: 'history', call: params => conversations.history(params) },
          { name: 'chat', call: (params, caller) => conversations.chat(params, caller) },
        ],
      },
      async start(scope) {
        const saved: (readonly [string, Uint8Array])[] = []
        for await (const entry of keyspace.list(POINTERS_PREFIX)) saved.push(entry)
        command({ kind: 'begin', saved })
        scope.fence('decisions about people', people.contact$, reconsider)
        scope.fence('waits for a name that changed hands', people.contact$, contact =>
          conversations.decided(contact),
        )
        const blocked = new BlockedPeople({ people, peers })
        scope.fence('blocks that are lifted', people.contact$, contact => blocked.decided(contact))
        scope.fence('messages of strangers', log.appended$, recorded => {
          const stranger = strangerIn(recorded)
          if (stranger !== undefined) scope.spawn('request of a stranger', () => people.request(stranger))
        })
        scope.fence('events told to listeners', log.appended$, recorded => conversations.appended(recorded))
        scope.fence('receipts told to who waits and listens', book.delivery$, step =>
          conversations.moved(step),
        )
        scope.fence('presence told to listeners', peers.link$, link => conversations.linked(link))
        for (const link of peers.links()) conversations.linked(link)
        for (const contact of people.contacts()) reconsider(contact)
        scope.spawn('requests that a power loss cut off', async () => {
          for (const stranger of await unansweredStrangers({ log, people, known }))
            await people.request(stranger)
        })
      },
    }
  },
})
