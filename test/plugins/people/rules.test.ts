/** The laws of a person's own streams: who may write, judged from kept events alone. */
import { describe, expect, it } from 'vitest'
import type { Opened } from '../../../src/events/envelope.ts'
import { type PersonId, personStream } from '../../../src/events/ids.ts'
import {
  DEVICE_CERTIFIED,
  DEVICE_INTRODUCED,
  deviceCertifiedData,
  deviceIntroducedData,
  PERSON_REV,
} from '../../../src/events/person.ts'
import { PERSON_RULES } from '../../../src/plugins/people/person-rules.ts'
import { SELF_RULES } from '../../../src/plugins/people/self-rules.ts'
import { selfStream } from '../../../src/plugins/people/self-stream.ts'
import { CONSENT_SIGNATURE_LABEL } from '../../../src/wire/labels.ts'
import { openSealed } from '../../../src/wire/open.ts'
import { consentMessage } from '../../../src/wire/person-proof.ts'
import { sealRun } from '../../../src/wire/seal.ts'
import { decodeSealed } from '../../../src/wire/sealed-codec.ts'
import { signerOf } from '../../../src/wire/signature.ts'
import { type NamedPerson, namedPerson, type TestDevice, testDevice } from '../../support/named-person.ts'
import { countingEnvironment } from '../../support/sealing.ts'

const opened = (proof: Uint8Array): Opened => {
  const parts = decodeSealed(proof)
  const event = parts.ok ? openSealed(parts.value) : parts
  if (!event.ok) throw new Error(event.why)
  return event.value
}

const alice = namedPerson('alice', 'alice.example', true)
const mallory = namedPerson('mallory')
const context = { stream: personStream(alice.person), self: alice.person }
const [founding, certification] = alice.proof.map(opened) as [Opened, Opened]

function certify(by: TestDevice, added: TestDevice, more: { by?: string; person?: PersonId } = {}): Opened {
  const { device, tunnelKey } = added
  const person = more.person ?? alice.person
  const certificate = { person, device, tunnelKey, notBefore: 0, serial: 7 }
  const consent = added.sign(CONSENT_SIGNATURE_LABEL, consentMessage(person, device, tunnelKey))
  const data = deviceCertifiedData({ certificate, by: (more.by ?? founding.id) as Opened['id'], consent })
  const chain = { stream: context.stream, seq: 0, prev: undefined, seen: [founding.id] }
  const draft = { type: DEVICE_CERTIFIED, rev: PERSON_REV, data, kept: true }
  return sealRun([draft], chain, signerOf(by.pair), countingEnvironment())[0]!
}

describe("the law of a person's stream", () => {
  it('governs exactly the stream that its founding event founds', () => {
    expect(PERSON_RULES.governs([founding], context)).toBe(true)
    expect(PERSON_RULES.governs([certification], context)).toBe(false)
    expect(PERSON_RULES.governs([founding], { ...context, stream: personStream(mallory.person) })).toBe(false)
  })

  it('lets the first device, the recovery key and certified devices write', () => {
    const [first, second] = alice.devices.map(({ device }) => device)
    const authors = PERSON_RULES.authors([founding, certification], context)
    expect(authors).toEqual(new Set([first, testDevice('alice.recovery').device, second]))
    expect(PERSON_RULES.voids([founding, certification], context)).toEqual(new Map())
  })

  it.each([
    ['a stranger', () => certify(mallory.devices[0]!, testDevice('mallory.2'))],
    [
      'somebody who names a grant of another',
      () => certify(alice.devices[0]!, testDevice('x'), { by: 'f'.repeat(64) }),
    ],
    [
      'a device of its own for another person',
      () => certify(alice.devices[0]!, testDevice('x'), { person: mallory.person }),
    ],
    ['a device twice', () => certify(alice.devices[0]!, alice.devices[0]!)],
  ])('voids a certification by %s', (_what, make) => {
    const wrong = make()
    expect(PERSON_RULES.voids([founding, wrong], context)).toEqual(
      new Map([[wrong.id, 'onlyGrantedKeysMayCertify']]),
    )
    expect(PERSON_RULES.authors([founding, wrong], context).size).toBe(2)
  })
})

describe('the law of the self stream', () => {
  const stream = selfStream(alice.person)
  const introduction = (who: NamedPerson, length: number): Opened => {
    const data = deviceIntroducedData({ person: who.person, proof: who.proof.slice(0, length) })
    const chain = { stream, seq: 0, prev: undefined, seen: [] }
    const draft = { type: DEVICE_INTRODUCED, rev: PERSON_REV, data, kept: true }
    return sealRun([draft], chain, signerOf(who.devices[length - 1]!.pair), countingEnvironment())[0]!
  }

  it('governs the stream named after the person of this home', () => {
    expect(SELF_RULES.governs([], { stream, self: alice.person })).toBe(true)
    expect(SELF_RULES.governs([], { stream, self: mallory.person })).toBe(false)
  })

  it('lets own devices write and nobody else', () => {
    const kept = [introduction(alice, 1), introduction(alice, 2), introduction(mallory, 1)]
    expect(SELF_RULES.authors(kept, { stream, self: alice.person })).toEqual(
      new Set(alice.devices.map(({ device }) => device)),
    )
  })
})
