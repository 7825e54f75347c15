/**
 * The plugin 'ntm.people': the laws of a person's own streams, the contact book and its methods. It provides
 * the token People, by which everything else knows whose device somebody is.
 */
import type { Recorded } from '../../events/envelope.ts'
import {
  DEVICE_CERTIFIED,
  DEVICE_INTRODUCED,
  DEVICE_REVOKED,
  PERSON_FOUNDED,
  PERSON_REV,
  readDeviceCertified,
  readDeviceIntroduced,
  readDeviceRevoked,
  readPersonFounded,
} from '../../events/person.ts'
import {
  type AnyToken,
  Directory,
  definePlugin,
  type EventKind,
  Identity,
  Journal,
  Keyspace,
  Log,
  People,
  Views,
} from '../../kernel/api/index.ts'
import { readData } from '../../wire/msgpack.ts'
import { CardIndex } from './card-index.ts'
import { contactOf } from './contact-book.ts'
import { CONTACT_EVENTS, readContactFact } from './contact-events.ts'
import { contactsProjection } from './contacts.ts'
import { contactMethods } from './methods.ts'
import { PeopleRecord } from './people.ts'
import { PERSON_RULES } from './person-rules.ts'
import { isProvenRecord } from './record-proof.ts'
import { SELF_RULES } from './self-rules.ts'
import { selfStream } from './self-stream.ts'

const PERSON_EVENTS: readonly EventKind[] = [
  { type: PERSON_FOUNDED, rev: PERSON_REV, accepts: data => readPersonFounded(data) !== undefined },
  { type: DEVICE_CERTIFIED, rev: PERSON_REV, accepts: data => readDeviceCertified(data) !== undefined },
  { type: DEVICE_REVOKED, rev: PERSON_REV, accepts: data => readDeviceRevoked(data) !== undefined },
  { type: DEVICE_INTRODUCED, rev: PERSON_REV, accepts: data => readDeviceIntroduced(data) !== undefined },
]
const EVENTS = [...PERSON_EVENTS, ...CONTACT_EVENTS]

export const people = definePlugin({
  manifest: {
    id: 'ntm.people',
    version: '0.1.0',
    api: '^1.0.0',
    provides: [People.id],
    owns: Object.fromEntries(EVENTS.map(({ type, rev }) => [type, rev])),
  },
  needs: {
    log: Log,
    identity: Identity,
    directory: Directory,
    journal: Journal,
    keyspace: Keyspace,
    views: Views,
  },
  setup({ log, identity, directory, journal, keyspace, views }) {
    const ownStream = selfStream(identity.person)
    const projection = contactsProjection(ownStream)
    const book = () => views.live(projection).book
    const cards = new CardIndex(keyspace, person => contactOf(book(), person) !== undefined)
    const record = new PeopleRecord({
      log,
      identity,
      directory,
      journal,
      cards,
      book,
      isProven: isProvenRecord,
    })
    const announce = ({ event }: Recorded): void => {
      if (event.envelope.stream !== ownStream || event.data === undefined) return
      const data = readData(event.data)
      const fact = data.ok ? readContactFact(event.envelope.type, data.value) : undefined
      if (fact !== undefined) record.announce(fact)
    }
    return {
      contributes: {
        rule: [PERSON_RULES, SELF_RULES],
        event: EVENTS,
        projection: [projection],
        service: [{ token: People as AnyToken, value: record }],
        method: contactMethods(record, identity.person),
      },
      async start(scope) {
        await cards.load()
        scope.fence('changes of the contact book', log.appended$, announce)
      },
    }
  },
})
