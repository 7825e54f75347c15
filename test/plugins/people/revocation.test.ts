/**
 * Who may revoke whom, as stories: given these acts in a person's stream, these do not count. Each is judged in
 * every order of arrival, because a law that depends on it would part the devices of one person.
 */
import { describe, expect, it } from 'vitest'
import type { Opened } from '../../../src/events/envelope.ts'
import { type EventId, personStream } from '../../../src/events/ids.ts'
import {
  DEVICE_CERTIFIED,
  DEVICE_REVOKED,
  deviceCertifiedData,
  deviceRevokedData,
  PERSON_REV,
} from '../../../src/events/person.ts'
import { PERSON_RULES } from '../../../src/plugins/people/person-rules.ts'
import { CONSENT_SIGNATURE_LABEL } from '../../../src/wire/labels.ts'
import { consentMessage, foundPerson } from '../../../src/wire/person-proof.ts'
import { sealRun } from '../../../src/wire/seal.ts'
import { signerOf } from '../../../src/wire/signature.ts'
import { type TestDevice, testDevice } from '../../support/named-person.ts'
import { countingEnvironment } from '../../support/sealing.ts'

const [phone, laptop, tablet, watch] = ['phone', 'laptop', 'tablet', 'watch'].map(testDevice) as [
  TestDevice,
  TestDevice,
  TestDevice,
  TestDevice,
]
const recovery = testDevice('words')
const environment = countingEnvironment()
const { person, founding } = foundPerson(
  { signer: signerOf(phone.pair), tunnelKey: phone.tunnelKey, recovery: recovery.device },
  environment,
)
const context = { stream: personStream(person), self: person }

/** What somebody does next, having seen these events. */
interface Doing {
  readonly who: TestDevice
  readonly after: readonly Opened[]
  readonly by: EventId
  /** The place in the author's chain; counted from the events seen when left out. */
  readonly seq?: number
}

function act(type: string, data: unknown, { who, after, seq }: Doing): Opened {
  const own = after.filter(({ envelope }) => envelope.author === who.device).at(-1)
  const seen = after.filter(event => event !== own).map(({ id }) => id)
  const chain = {
    stream: context.stream,
    seq: seq ?? (own === undefined ? 0 : own.envelope.seq + 1),
    prev: own?.id,
    seen: [...new Set(seen)].sort(),
  }
  const draft = { type, rev: PERSON_REV, data, kept: true }
  return sealRun([draft], chain, signerOf(who.pair), environment)[0]!
}

const certify = (added: TestDevice, doing: Doing): Opened => {
  const { device, tunnelKey } = added
  const certificate = { person, device, tunnelKey, notBefore: 0, serial: 7 }
  const consent = added.sign(CONSENT_SIGNATURE_LABEL, consentMessage(person, device, tunnelKey))
  return act(DEVICE_CERTIFIED, deviceCertifiedData({ certificate, by: doing.by, consent }), doing)
}
const revoke = ({ device }: TestDevice, doing: Doing): Opened =>
  act(DEVICE_REVOKED, deviceRevokedData({ device, by: doing.by }), doing)

const by = founding.id
const addLaptop = certify(laptop, { who: phone, after: [founding], by })
const addTablet = certify(tablet, { who: phone, after: [founding, addLaptop], by })
const all = [founding, addLaptop, addTablet]
const byLaptop = addLaptop.id
const byTablet = addTablet.id

/** The rules that void each of the named events; in whatever order they came. */
function judge(events: Readonly<Record<string, Opened>>): Record<string, string> {
  const named = Object.entries(events)
  const told = [all, [...all].reverse()].flatMap(first => {
    const later = named.map(([, event]) => event)
    return [
      [...first, ...later],
      [...later.reverse(), ...first],
    ].map(order => PERSON_RULES.voids(order, context))
  })
  const words = told.map(voids =>
    Object.fromEntries(named.flatMap(([name, { id }]) => (voids.has(id) ? [[name, voids.get(id)!]] : []))),
  )
  for (const other of words) expect(other).toEqual(words[0])
  return words[0]!
}

describe('a revocation', () => {
  it('by an older device counts, and what the revoked one did before counts too', () => {
    const before = certify(watch, { who: laptop, after: all, by: byLaptop })
    const gone = revoke(laptop, { who: phone, after: [...all, before], by })
    expect(judge({ before, gone })).toEqual({})
  })

  it('voids what the revoked device does afterwards, or at the same time', () => {
    const gone = revoke(laptop, { who: phone, after: all, by })
    const meanwhile = certify(watch, { who: laptop, after: all, by: byLaptop })
    const later = revoke(tablet, { who: laptop, after: [...all, meanwhile, gone], by: byLaptop })
    const rule = 'revokedDevicesSayNoMore'
    expect(judge({ gone, meanwhile, later })).toEqual({ meanwhile: rule, later: rule })
  })

  it('by a newer device, or of the recovery key, is nothing', () => {
    const upwards = revoke(laptop, { who: tablet, after: all, by: byTablet })
    const ofWords = revoke(recovery, { who: phone, after: all, by })
    const ofItself = revoke(recovery, { who: recovery, after: all, by })
    const rule = 'onlyGrantedSeniorsMayRevoke'
    expect(judge({ upwards, ofWords, ofItself })).toEqual({ upwards: rule, ofWords: rule, ofItself: rule })
  })

  it('by the recovery key takes even the first device, and with it what that one does at the same time', () => {
    const stolen = revoke(phone, { who: recovery, after: all, by })
    const thief = revoke(laptop, { who: phone, after: all, by })
    const fresh = certify(watch, { who: recovery, after: [...all, stolen], by })
    expect(judge({ stolen, thief, fresh })).toEqual({ thief: 'revokedDevicesSayNoMore' })
  })

  it('by the older of two who revoke each other is the one that counts', () => {
    const down = revoke(tablet, { who: laptop, after: all, by: byLaptop })
    const up = revoke(laptop, { who: tablet, after: all, by: byTablet })
    expect(judge({ down, up })).toEqual({ up: 'revokedDevicesSayNoMore' })
  })

  it('by a device that was revoked before it does not count, and its victim goes on', () => {
    const gone = revoke(laptop, { who: phone, after: all, by })
    const revenge = revoke(tablet, { who: laptop, after: all, by: byLaptop })
    const on = certify(watch, { who: tablet, after: [...all, revenge], by: byTablet })
    expect(judge({ gone, revenge, on })).toEqual({ revenge: 'revokedDevicesSayNoMore' })
  })

  it('of itself is how a device leaves', () => {
    const left = revoke(laptop, { who: laptop, after: all, by: byLaptop })
    const after = certify(watch, { who: laptop, after: [...all, left], by: byLaptop })
    expect(judge({ left, after })).toEqual({ after: 'revokedDevicesSayNoMore' })
  })

  it('that names the grant of another, or comes from a stranger, is nothing', () => {
    const wrongGrant = revoke(tablet, { who: laptop, after: all, by: byTablet })
    const stranger = revoke(tablet, { who: testDevice('mallory'), after: all, by })
    const rule = 'onlyGrantedSeniorsMayRevoke'
    expect(judge({ wrongGrant, stranger })).toEqual({ wrongGrant: rule, stranger: rule })
  })

  it('is final: a key that is certified again stays revoked', () => {
    const gone = revoke(laptop, { who: phone, after: all, by })
    const again = certify(laptop, { who: phone, after: [...all, gone], by })
    const acts = certify(watch, { who: laptop, after: [...all, gone, again], by: again.id })
    expect(judge({ gone, again, acts })).toEqual({ acts: 'revokedDevicesSayNoMore' })
  })

  it('changes nothing about who is let in: what is from before it may still come', () => {
    const gone = revoke(laptop, { who: phone, after: all, by })
    expect(PERSON_RULES.authors([...all, gone], context)).toEqual(PERSON_RULES.authors(all, context))
    expect(PERSON_RULES.authors([gone, addTablet, addLaptop, founding], context)).toContain(laptop.device)
  })

  it('of what the two branches of a fork granted leaves both, for neither is the older', () => {
    const left = certify(watch, { who: phone, after: all, by })
    const right = certify(testDevice('clock'), { who: phone, after: all, by })
    const attack = revoke(testDevice('clock'), { who: watch, after: [...all, left, right], by: left.id })
    expect(judge({ left, right, attack })).toEqual({ attack: 'onlyGrantedSeniorsMayRevoke' })
  })
})
