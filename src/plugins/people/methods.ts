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

function read<T>(schema: z.ZodType<T>, params: unknown): T {
  const parsed = schema.safeParse(params)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw new ChatError('USAGE', `${issue?.path.join('.') ?? 'params'}: ${issue?.message ?? 'wrong'}`)
}

const shown = ({ name, person, verified, state, disputed }: Contact) => ({
  name,
  person,
  verified,
  state,
  disputed,
})

type Verb = (params: unknown) => Promise<unknown>

export function contactMethods(people: PeopleRecord, self: Contact['person']): readonly Method[] {
  const findNamed = (params: unknown) => people.find(read(NAMED, params).name)
  const now = (contact: Contact) => shown(people.contact(contact.person) ?? contact)

  const verbs: Record<string, Verb> = {
    'contact.ls': async () => ({ contacts: people.contacts().map(shown) }),

    'contact.add': async params => {
      const { name } = read(NAMED, params)
      if (!isName(name)) throw new ChatError('NAME_INVALID', `"${name}" is not a full name`)
      const contact = await people.lookup(name)
      if (contact.disputed) throw keysChanged(name)
      if (contact.state === 'blocked') throw new ChatError('BLOCKED', `${name} is blocked`)
      await people.accept(contact.person)
      return now(contact)
    },

    'contact.accept': async params => shown(await people.acceptContact(await findNamed(params))),

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
      const { name, number: typed } = read(VERIFY, params)
      const contact = await people.find(name)
      const number = safetyNumber(self, contact.person)
      if (typed !== undefined) {
        if (!isSameNumber(typed, number))
          throw new ChatError('KEYS_CHANGED', `the safety number of ${contact.name} is another one`)
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
