/**
 * People with names for tests: a founded person with one device or more, and records signed by its devices.
 * Everything follows from the seed number, so a failing case can be told by it.
 */

import type { Opened } from '../../src/events/envelope.ts'
import { idFromBytes, type PersonId, personStream, type TunnelKey } from '../../src/events/ids.ts'
import {
  type Certificate,
  DEVICE_CERTIFIED,
  deviceCertifiedData,
  PERSON_REV,
} from '../../src/events/person.ts'
import { labelledHash } from '../../src/wire/hash.ts'
import { CONSENT_SIGNATURE_LABEL } from '../../src/wire/labels.ts'
import { encodeNameRecord, type NameRecordFields, signNameRecord } from '../../src/wire/name-record.ts'
import { consentMessage, foundPerson } from '../../src/wire/person-proof.ts'
import { sealRun } from '../../src/wire/seal.ts'
import { encodeSealed } from '../../src/wire/sealed-codec.ts'
import { type KeyPair, keyPairFromSeed, signerOf, signLabelled } from '../../src/wire/signature.ts'

export const NOW = 1_700_000_000_000
const LIFETIME_MS = 10 * 31_536_000_000

const seedOf = (what: string): Uint8Array => labelledHash(`test.${what}`)

export interface TestDevice {
  readonly pair: KeyPair
  readonly device: ReturnType<typeof signerOf>['device']
  readonly tunnelKey: TunnelKey
  sign(label: string, message: Uint8Array): Uint8Array
}

export const testDevice = (what: string): TestDevice => {
  const pair = keyPairFromSeed(seedOf(`${what}.sign`))
  const sign = (label: string, message: Uint8Array) => signLabelled(label, message, pair.secretKey)
  const tunnelKey = idFromBytes<TunnelKey>(seedOf(`${what}.tunnel`))
  return { pair, device: signerOf(pair).device, tunnelKey, sign }
}

export interface NamedPerson {
  readonly person: PersonId
  readonly name: string
  readonly devices: readonly TestDevice[]
  readonly proof: readonly Uint8Array[]
  fields(more?: Partial<NameRecordFields>): NameRecordFields
  /** The signed record, as it travels. */
  record(more?: Partial<NameRecordFields>, extra?: Record<string, unknown>): Uint8Array
}

const environment = { now: () => NOW, random: (count: number) => seedOf('random').slice(0, count) }

function certify(person: PersonId, founding: Opened, by: TestDevice, added: TestDevice): Opened {
  const { device, tunnelKey } = added
  const certificate: Certificate = { person, device, tunnelKey, notBefore: NOW, serial: 1 }
  const consent = added.sign(CONSENT_SIGNATURE_LABEL, consentMessage(person, device, tunnelKey))
  const data = deviceCertifiedData({ certificate, by: founding.id, consent })
  const chain = { stream: personStream(person), seq: 0, prev: undefined, seen: [founding.id] }
  const draft = { type: DEVICE_CERTIFIED, rev: PERSON_REV, data, kept: true }
  return sealRun([draft], chain, signerOf(by.pair), environment)[0]!
}

/** A person called `name` whose keys follow from `what`. */
export function namedPerson(what: string, name = `${what}.example`, hasSecondDevice = false): NamedPerson {
  const first = testDevice(`${what}.1`)
  const recovery = testDevice(`${what}.recovery`).device
  const keys = { signer: signerOf(first.pair), tunnelKey: first.tunnelKey, recovery }
  const { person, founding } = foundPerson(keys, environment)
  const second = hasSecondDevice ? testDevice(`${what}.2`) : undefined
  const proof = [encodeSealed(founding)]
  if (second !== undefined) proof.push(encodeSealed(certify(person, founding, first, second)))
  const devices = second === undefined ? [first] : [first, second]
  const fields = (more: Partial<NameRecordFields> = {}): NameRecordFields => ({
    name,
    person,
    serial: 1,
    devices: devices.map(({ device, tunnelKey }) => ({ device, tunnelKey })),
    proof,
    mailboxes: [],
    issued: NOW,
    expires: NOW + LIFETIME_MS,
    ...more,
  })
  const record = (more: Partial<NameRecordFields> = {}, extra: Record<string, unknown> = {}) =>
    signNameRecord(encodeNameRecord(fields(more), extra), first.device, first.sign)
  return { person, name, devices, proof, fields, record }
}
