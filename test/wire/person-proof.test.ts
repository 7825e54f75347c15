/** A proof stands on its own bytes: it shows who a device belongs to, and no other arrangement of events does. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Opened } from '../../src/events/envelope.ts'
import { type EventId, type PersonId, personStream } from '../../src/events/ids.ts'
import { type Certificate, deviceCertifiedData, deviceIntroducedData } from '../../src/events/person.ts'
import { CONSENT_SIGNATURE_LABEL } from '../../src/wire/labels.ts'
import {
  consentMessage,
  directStream,
  foundPerson,
  introductionDraft,
  readIntroduction,
  readProof,
} from '../../src/wire/person-proof.ts'
import { sealRun } from '../../src/wire/seal.ts'
import { encodeSealed } from '../../src/wire/sealed-codec.ts'
import { keyPairFromSeed, type Signer, signLabelled } from '../../src/wire/signature.ts'
import { fuzzRuns } from '../support/fuzz.ts'
import { mutated } from '../support/mutations.ts'
import {
  countingEnvironment,
  deviceOf,
  idOf,
  recoveryOf,
  START,
  type STREAM,
  tunnelKeyOf,
} from '../support/sealing.ts'

const environment = countingEnvironment()
const pairOf = (number: number) => keyPairFromSeed(new Uint8Array(32).fill(number))
const recoverySigner = deviceOf(9)
const { person, founding } = foundPerson(
  { signer: deviceOf(1), tunnelKey: tunnelKeyOf(1), recovery: recoveryOf(9) },
  environment,
)

interface Certifying {
  readonly by?: Signer
  readonly grant?: EventId
  readonly change?: Partial<Certificate>
  readonly consentBy?: number
  readonly stream?: PersonId
}

/** Certifies device `number` in Alice's person, with whatever is wrong in `how`. */
function certify(number: number, serial: number, how: Certifying = {}): Opened {
  const { device } = deviceOf(number)
  const tunnelKey = tunnelKeyOf(number)
  const certificate = { person, device, tunnelKey, notBefore: 5, serial, ...how.change }
  const message = consentMessage(person, device, tunnelKey)
  const consent = signLabelled(CONSENT_SIGNATURE_LABEL, message, pairOf(how.consentBy ?? number).secretKey)
  const data = deviceCertifiedData({ certificate, by: how.grant ?? founding.id, consent })
  const draft = { type: 'device.certified', rev: 1, data, kept: true }
  const chain = { stream: personStream(how.stream ?? person), seq: 1, prev: founding.id, seen: [] }
  return sealRun([draft], chain, how.by ?? deviceOf(1), environment)[0]!
}

const introduce = (proof: readonly Opened[], signer: Signer, of: PersonId = person): Opened =>
  sealRun([introductionDraft({ person: of, proof: proof.map(encodeSealed) })], START, signer, environment)[0]!

describe('foundPerson', () => {
  it('names the person by its founding event, which stands in no stream', () => {
    expect(person).toBe(founding.id)
    expect(founding.envelope).toMatchObject({
      type: 'person.founded',
      seq: 0,
      flags: 1,
      stream: '0'.repeat(64),
    })
  })

  it('founds different persons with the same keys', () => {
    const keys = { signer: deviceOf(1), tunnelKey: tunnelKeyOf(1), recovery: recoveryOf(9) }
    expect(foundPerson(keys, environment).person).not.toBe(person)
  })
})

describe('readIntroduction', () => {
  it('proves the founding device', () => {
    expect(readIntroduction(introduce([founding], deviceOf(1)))).toEqual({
      ok: true,
      value: {
        person,
        device: deviceOf(1).device,
        tunnelKey: tunnelKeyOf(1),
        recovery: recoveryOf(9),
        certificate: {
          person,
          device: deviceOf(1).device,
          tunnelKey: tunnelKeyOf(1),
          notBefore: expect.any(Number),
          serial: 0,
        },
      },
    })
  })

  it('proves a further device that an older one certified', () => {
    const second = certify(2, 1)
    const proven = readIntroduction(introduce([founding, second], deviceOf(2)))
    expect(proven.ok && proven.value).toMatchObject({
      person,
      device: deviceOf(2).device,
      tunnelKey: tunnelKeyOf(2),
    })
    const third = certify(3, 2, { by: deviceOf(2), grant: second.id })
    expect(readIntroduction(introduce([founding, second, third], deviceOf(3))).ok).toBe(true)
  })

  it('proves a device that the recovery key certified', () => {
    const event = certify(4, 7, { by: recoverySigner })
    expect(readIntroduction(introduce([founding, event], deviceOf(4))).ok).toBe(true)
  })

  const second = certify(2, 1)
  it.each<[string, Opened, string]>([
    ['by a device that the proof does not end in', introduce([founding], deviceOf(2)), 'author-differs'],
    ['of the first device by the second', introduce([founding, second], deviceOf(1)), 'author-differs'],
    ['without proof', introduce([], deviceOf(1)), 'proof-unreadable'],
    ['with nine events', introduce(new Array(9).fill(founding), deviceOf(1)), 'proof-unreadable'],
    ['that names another person', introduce([founding], deviceOf(1), idOf<PersonId>(3)), 'person-differs'],
    ['without the founding event', introduce([second], deviceOf(2)), 'founding-event-wrong'],
    ['with the founding event twice', introduce([founding, founding], deviceOf(1)), 'certification-wrong'],
  ])('refuses one %s', (_name, event, why) => {
    expect(readIntroduction(event)).toEqual({ ok: false, why })
  })

  it.each<[string, Opened]>([
    ['by a stranger', certify(2, 1, { by: deviceOf(5) })],
    ['by itself', certify(2, 1, { by: deviceOf(2) })],
    ['that relies on another grant', certify(2, 1, { grant: idOf<EventId>(1) })],
    ['without the consent of the device', certify(2, 1, { consentBy: 1 })],
    ['for another person', certify(2, 1, { change: { person: idOf<PersonId>(8) } })],
    ['with other keys than consented to', certify(2, 1, { change: { tunnelKey: tunnelKeyOf(3) } })],
    ['with serial 0', certify(2, 0)],
    ["in another person's stream", certify(2, 1, { stream: idOf<PersonId>(7) })],
    ['of a device that is certified already', certify(1, 1)],
    ['whose signature is zeros', { ...second, sig: new Uint8Array(64) }],
  ])('refuses a certification %s', (_name, event) => {
    expect(readIntroduction(introduce([founding, event], deviceOf(2)))).toEqual({
      ok: false,
      why: 'certification-wrong',
    })
  })

  it('refuses a serial that does not grow along the proof', () => {
    const third = certify(3, 1, { by: deviceOf(2), grant: second.id })
    const event = introduce([founding, second, third], deviceOf(3))
    expect(readIntroduction(event)).toEqual({ ok: false, why: 'certification-wrong' })
  })

  it('refuses a founding event that another device signed, or whose recovery key is the device', () => {
    const data = {
      nonce: new Uint8Array(16),
      recovery: new Uint8Array(32),
      device: { ed25519: pairOf(2).publicKey, x25519: new Uint8Array(32), notBefore: 0, serial: 0 },
    }
    const chain = { ...START, stream: '0'.repeat(64) as typeof STREAM }
    const draft = { type: 'person.founded', rev: 1, data, kept: true }
    const [forged] = sealRun([draft], chain, deviceOf(1), environment)
    const proof = introduce([forged!], deviceOf(1), forged!.id as string as PersonId)
    expect(readIntroduction(proof)).toEqual({ ok: false, why: 'founding-event-wrong' })
    const keys = { signer: deviceOf(1), tunnelKey: tunnelKeyOf(1), recovery: recoveryOf(1) }
    const careless = foundPerson(keys, environment)
    const claim = introduce([careless.founding], deviceOf(1), careless.person)
    expect(readIntroduction(claim)).toEqual({ ok: false, why: 'founding-event-wrong' })
  })

  it('refuses what is no introduction', () => {
    const said = sealRun([{ type: 'chat.said', rev: 1, data: {} }], START, deviceOf(1), environment)[0]!
    const later = { ...introduce([founding], deviceOf(1)) }
    expect(readIntroduction(said)).toEqual({ ok: false, why: 'not-an-introduction' })
    expect(readIntroduction({ ...later, envelope: { ...later.envelope, seq: 1 } }).ok).toBe(false)
    expect(readIntroduction({ ...later, envelope: { ...later.envelope, flags: 0 } }).ok).toBe(false)
  })

  it('reads fields of a later version without minding them', () => {
    const data = deviceIntroducedData({ person, proof: [encodeSealed(founding)] })
    expect(readProof({ ...data, later: 'field' }).ok).toBe(true)
  })
})

describe('readProof', () => {
  it('never throws on values of any shape', () => {
    fc.assert(
      fc.property(fc.anything({ withNullPrototype: true }), given => {
        expect(readProof(given).ok).toBe(false)
        expect(readProof({ person: new Uint8Array(32), proof: given }).ok).toBe(false)
      }),
      { numRuns: 300 },
    )
  })

  it('accepts no damaged proof', () => {
    const whole = encodeSealed(founding)
    const bytes = Buffer.from(person, 'hex')
    fc.assert(
      fc.property(mutated([whole]), damaged => {
        const proven = readProof({ person: new Uint8Array(bytes), proof: [damaged] })
        expect(proven.ok).toBe(Buffer.from(damaged).equals(whole))
      }),
      { numRuns: fuzzRuns(1000) },
    )
  })
})

describe('directStream', () => {
  const [a, b] = [idOf<PersonId>(1), idOf<PersonId>(2)]

  it('is the same from both sides, and another for every other pair', () => {
    expect(directStream(a, b)).toBe(directStream(b, a))
    expect(new Set([directStream(a, b), directStream(a, a), directStream(b, b)]).size).toBe(3)
  })
})
