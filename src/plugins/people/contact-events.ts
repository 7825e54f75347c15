/**
 * What a person decided about other people, as events of the self stream. They are the decision record: the
 * list of contacts, the pinned names and every quarrel about a name are folded from them and from nothing else.
 */
import { z } from 'zod'
import { ID_BYTES, idFromBytes, idToBytes, type PersonId } from '../../events/ids.ts'
import { isName } from '../../events/name.ts'
import type { Draft, EventKind } from '../../kernel/api/index.ts'

const person = z
  .instanceof(Uint8Array)
  .refine(bytes => bytes.length === ID_BYTES)
  .transform(bytes => idFromBytes<PersonId>(bytes))
const name = z.string().refine(isName)

/** Data of every contact event at rev 1; persons are 32 bytes, names as `isName` takes them. */
const SHAPES = {
  'contact.requested': z.object({ person }),
  'contact.accepted': z.object({ person }),
  'contact.blocked': z.object({ person }),
  'contact.removed': z.object({ person }),
  'contact.verified': z.object({ person }),
  'contact.name-pinned': z.object({ person, name }),
  /** Another person claims a pinned name: `person` is the claimant. */
  'contact.keys-changed': z.object({ person, name }),
} as const

export type ContactEventType = keyof typeof SHAPES
export type ContactFact = {
  [T in ContactEventType]: { readonly type: T } & z.output<(typeof SHAPES)[T]>
}[ContactEventType]

const REV = 1

export const CONTACT_EVENT_TYPES = Object.keys(SHAPES) as readonly ContactEventType[]

const isContactEvent = (type: string): type is ContactEventType => Object.hasOwn(SHAPES, type)

/** The fact that data of this type states; undefined when it is of another kind or shape. */
export function readContactFact(type: string, data: unknown): ContactFact | undefined {
  if (!isContactEvent(type)) return undefined
  const parsed = SHAPES[type].safeParse(data)
  return parsed.success ? ({ type, ...parsed.data } as ContactFact) : undefined
}

/** The fact as a draft for the self stream. */
export function contactDraft(fact: ContactFact): Draft {
  const { type, ...data } = fact
  return { type, rev: REV, data: { ...data, person: idToBytes(fact.person) } }
}

export const CONTACT_EVENTS: readonly EventKind[] = CONTACT_EVENT_TYPES.map(type => ({
  type,
  rev: REV,
  accepts: data => SHAPES[type].safeParse(data).success,
}))
