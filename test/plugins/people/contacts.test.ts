/** The projection `contacts`: pure, the same from any order that respects causes, and from a saved state. */
import { describe, expect, it } from 'vitest'
import type { Draft, Opened, Recorded } from '../../../src/events/envelope.ts'
import type { PersonId } from '../../../src/events/ids.ts'
import { contactsOf } from '../../../src/plugins/people/contact-book.ts'
import { contactDraft, readContactFact } from '../../../src/plugins/people/contact-events.ts'
import { contactsProjection } from '../../../src/plugins/people/contacts.ts'
import { selfStream } from '../../../src/plugins/people/self-stream.ts'
import { readData } from '../../../src/wire/msgpack.ts'
import { sealRun } from '../../../src/wire/seal.ts'
import { chainAfter, countingEnvironment, deviceOf } from '../../support/sealing.ts'

const SELF = 'a'.repeat(64) as PersonId
const BOB = 'b'.repeat(64) as PersonId
const STREAM = selfStream(SELF)

const recorded = (event: Opened): Recorded => ({
  position: 0,
  receivedAt: 0,
  via: 'self',
  status: 'admitted',
  event,
})
const DRAFTS: readonly Draft[] = [
  contactDraft({ type: 'contact.name-pinned', person: BOB, name: 'bob.example' }),
  contactDraft({ type: 'contact.requested', person: BOB }),
  contactDraft({ type: 'contact.accepted', person: BOB }),
]

/** Two own devices: the second saw the first one's facts, then both decided at once. */
function story() {
  const [phone, desk] = [deviceOf(1), deviceOf(2)]
  const start = { stream: STREAM, seq: 0, prev: undefined, seen: [] }
  const first = sealRun(DRAFTS, start, phone, countingEnvironment())
  const tip = first.at(-1)!.id
  const blocking = sealRun(
    [contactDraft({ type: 'contact.blocked', person: BOB })],
    { ...start, seen: [tip] },
    desk,
    countingEnvironment(),
  )
  const verifying = sealRun(
    [
      contactDraft({ type: 'contact.verified', person: BOB }),
      contactDraft({ type: 'contact.removed', person: BOB }),
    ],
    chainAfter(first),
    phone,
    countingEnvironment(),
  )
  return { first, blocking, verifying }
}

function fold(events: readonly Opened[]) {
  const state = contactsProjection(STREAM).create()
  for (const event of events) state.apply(recorded(event))
  return state
}

describe('the contacts projection', () => {
  it('is the same in every order that respects causes', () => {
    const { first, blocking, verifying } = story()
    const one = fold([...first, ...blocking, ...verifying])
    const other = fold([...first, ...verifying, ...blocking])
    expect(other.fingerprint()).toEqual(one.fingerprint())
    expect(contactsOf(other.book)).toEqual(contactsOf(one.book))
  })

  it('differs when a fact is missing', () => {
    const { first, blocking } = story()
    expect(fold(first).fingerprint()).not.toEqual(fold([...first, ...blocking]).fingerprint())
  })

  it('goes on from a saved state as if it had never been put away', () => {
    const { first, blocking, verifying } = story()
    const loaded = contactsProjection(STREAM).create()
    loaded.load(fold(first).save())
    for (const event of [...blocking, ...verifying]) loaded.apply(recorded(event))
    expect(loaded.fingerprint()).toEqual(fold([...first, ...blocking, ...verifying]).fingerprint())
  })

  it('changes nothing it is given and ignores other streams', () => {
    const { first } = story()
    const before = structuredClone(first)
    fold(first)
    expect(first).toEqual(before)
    const elsewhere = sealRun(
      DRAFTS,
      { stream: selfStream(BOB), seq: 0, prev: undefined, seen: [] },
      deviceOf(1),
      countingEnvironment(),
    )
    expect(contactsOf(fold(elsewhere).book)).toEqual([])
  })
})

describe('contact events', () => {
  it('survive packing, and refuse every other shape', () => {
    const [pinned] = story().first
    const data = readData(pinned!.data!)
    expect(data.ok && readContactFact('contact.name-pinned', data.value)).toEqual({
      type: 'contact.name-pinned',
      person: BOB,
      name: 'bob.example',
    })
    expect(
      readContactFact('contact.name-pinned', { person: new Uint8Array(32), name: 'Bob' }),
    ).toBeUndefined()
    expect(readContactFact('contact.accepted', { person: new Uint8Array(31) })).toBeUndefined()
    expect(readContactFact('contact.accepted', null)).toBeUndefined()
    expect(readContactFact('contact.unheard-of', { person: new Uint8Array(32) })).toBeUndefined()
  })
})
