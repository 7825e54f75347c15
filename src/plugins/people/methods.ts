/**
 * The methods `contact.*`: what `ntm contact` and other clients call. They check what comes from outside, find
 * the person meant, let the record decide and answer with the contact as it stands afterwards.
 */
import { z } from 'zod'
import { isName } from '../../events/name.ts'
import { ChatError, type Contact, type Method } from '../../kernel/api/index.ts'
import type { PeopleRecord } from './people.ts'
import { isSameNumber, safetyNumber } from './safety-number.ts'

const NAMED = z.object({ name: z.string().min(1) })
const VERIFY = NAMED.extend({ number: z.string().optional() })

type Verb = (params: unknown) => Promise<unknown>

export function contactMethods(people: PeopleRecord, self: Contact['person']): readonly Method[] {
  const findNamed = (params: unknown) => people.find(NAMED.parse(params).name)
  const shown = ({ name, person, verified, state, disputed }: Contact) => ({
    ...{ name, person, verified, state, disputed },
    /** What was said with them is found by their ids only. */
    formerly: people.formerHolders(name),
  })
  const now = (contact: Contact) => shown(people.contact(contact.person) ?? contact)

  const verbs: Record<string, Verb> = {
    'contact.ls': async () => ({ contacts: people.contacts().map(shown) }),

    'contact.add': async params => {
      const { name } = NAMED.parse(params)
      if (!isName(name)) throw new ChatError('NAME_INVALID', `"${name}" is not a full name`)
      const contact = await people.lookup(name)
      if (contact.disputed) throw keysChanged(name)
      if (contact.state === 'blocked') throw new ChatError('BLOCKED', `${name} is blocked`)
      await people.accept(contact.person)
      return now(contact)
    },

    /** A name stands for whoever claims it now; an id stands for that person alone. */
    'contact.accept': async params => {
      const contact = await findNamed(params)
      const isByName = NAMED.parse(params).name !== contact.person
      return shown(isByName ? await people.acceptContact(contact) : await people.acceptPerson(contact))
    },

    'contact.block': async params => {
      const contact = await findNamed(params)
      await people.block(contact)
      return now(contact)
    },

    'contact.rm': async params => {
      const contact = await findNamed(params)
      await people.remove(contact)
      return { name: contact.name, person: contact.person, removed: true }
    },

    'contact.verify': async params => {
      const { name, number: typed } = VERIFY.parse(params)
      const contact = await people.find(name)
      const number = safetyNumber(self, contact.person)
      if (typed !== undefined) {
        if (!isSameNumber(typed, number))
          throw new ChatError('KEYS_CHANGED', `the safety number of ${contact.name} is another one`, {
            hint: 'read it out again; if it still differs, somebody is between you',
          })
        await people.verified(contact)
      }
      return { ...now(contact), number }
    },
  }
  return Object.entries(verbs).map(([name, call]) => ({ name, call }))
}

const keysChanged = (name: string): ChatError =>
  new ChatError(
    'KEYS_CHANGED',
    `another person claims the name ${name} now; nothing is sent until you accept`,
  )
