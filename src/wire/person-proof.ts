/**
 * Founding a person, introducing its devices to other streams, and checking such an introduction from nothing
 * but its own bytes. `events/person.ts` has the grammar; here are the hashes and signatures.
 */
import { type Draft, isKept, type Opened } from '../events/envelope.ts'
import {
  type DeviceId,
  type EventId,
  idToBytes,
  NO_STREAM,
  type PersonId,
  personStream,
  type StreamId,
  type TunnelKey,
} from '../events/ids.ts'
import {
  type Certificate,
  DEVICE_CERTIFIED,
  DEVICE_INTRODUCED,
  type DeviceIntroduced,
  deviceIntroducedData,
  NONCE_BYTES,
  PERSON_FOUNDED,
  PERSON_REV,
  personFoundedData,
  readDeviceCertified,
  readDeviceIntroduced,
  readPersonFounded,
} from '../events/person.ts'
import { ok, type Result, refuse } from '../events/result.ts'
import { labelledHashHex } from './hash.ts'
import { CONSENT_SIGNATURE_LABEL, DIRECT_LABEL } from './labels.ts'
import { PROOF_MAX_EVENTS } from './limits.ts'
import { readData } from './msgpack.ts'
import { openSealed } from './open.ts'
import { verifyRun } from './run.ts'
import { type SealEnvironment, sealRun } from './seal.ts'
import { decodeSealed } from './sealed-codec.ts'
import { type Signer, verifyLabelled } from './signature.ts'

/** What a proof proves: these keys are a device of this person. */
export interface ProvenDevice {
  readonly person: PersonId
  readonly device: DeviceId
  readonly tunnelKey: TunnelKey
  readonly recovery: DeviceId
  readonly certificate: Certificate
}

export type ProofFault =
  | 'not-an-introduction'
  | 'proof-unreadable'
  | 'founding-event-wrong'
  | 'certification-wrong'
  | 'person-differs'
  | 'author-differs'

/** The stream of two persons' conversation: the same from both sides, and without a founding event. */
export function directStream(one: PersonId, other: PersonId): StreamId {
  const [low, high] = one < other ? [one, other] : [other, one]
  return labelledHashHex(DIRECT_LABEL, idToBytes(low), idToBytes(high)) as StreamId
}

/** The bytes that a new device signs to agree that it is a device of this person: person ‖ ed25519 ‖ x25519. */
export const consentMessage = (person: PersonId, device: DeviceId, tunnelKey: TunnelKey): Uint8Array =>
  idToBytes(person + device + tunnelKey)

export interface PersonKeys {
  readonly signer: Signer
  readonly tunnelKey: TunnelKey
  readonly recovery: DeviceId
}

/** Founds a person with one device. The person's id is the id of the event returned. */
export function foundPerson(
  keys: PersonKeys,
  environment: SealEnvironment,
): { person: PersonId; founding: Opened } {
  const { signer, tunnelKey, recovery } = keys
  const certificate = { device: signer.device, tunnelKey, notBefore: environment.now(), serial: 0 }
  const data = personFoundedData({ nonce: environment.random(NONCE_BYTES), recovery, certificate })
  const draft: Draft = { type: PERSON_FOUNDED, rev: PERSON_REV, data, kept: true }
  const chain = { stream: NO_STREAM, seq: 0, prev: undefined, seen: [] }
  const founding = sealRun([draft], chain, signer, environment)[0]!
  return { person: founding.id as string as PersonId, founding }
}

/**
 * The draft that introduces a device to a stream; `proof` is its founding event and what certifies it, encoded.
 * `more`: what the stream's law wants to hear besides.
 */
export const introductionDraft = (
  { person, proof }: DeviceIntroduced,
  more: Readonly<Record<string, unknown>> = {},
): Draft => ({
  type: DEVICE_INTRODUCED,
  rev: PERSON_REV,
  data: { ...deviceIntroducedData({ person, proof }), ...more },
  kept: true,
})

/** An event of a proof: opened, kept, of this type, under its author's signature, with its data read. */
function openProofEvent(bytes: Uint8Array, type: string): { event: Opened; data: unknown } | undefined {
  const parts = decodeSealed(bytes)
  const opened = parts.ok ? openSealed(parts.value) : parts
  if (!opened.ok || opened.value.data === undefined) return undefined
  const event = opened.value
  const { envelope } = event
  if (envelope.type !== type || envelope.rev !== PERSON_REV || !isKept(envelope)) return undefined
  const data = readData(opened.value.data)
  return data.ok && verifyRun([event]).ok ? { event, data: data.value } : undefined
}

interface Proven extends ProvenDevice {
  /** Who may certify further devices, and the event that lets them. */
  readonly grants: ReadonlyMap<DeviceId, EventId>
}

function readFounding(bytes: Uint8Array): Proven | undefined {
  const opened = openProofEvent(bytes, PERSON_FOUNDED)
  const founded = readPersonFounded(opened?.data)
  if (opened === undefined || founded === undefined) return undefined
  const { id, envelope } = opened.event
  const { certificate, recovery } = founded
  if (envelope.stream !== NO_STREAM || envelope.author !== certificate.device) return undefined
  if (recovery === certificate.device) return undefined
  const person = id as string as PersonId
  const { device, tunnelKey } = certificate
  const grants = new Map([
    [device, id],
    [recovery, id],
  ])
  return { person, device, tunnelKey, recovery, certificate: { ...certificate, person }, grants }
}

function readCertification(bytes: Uint8Array, before: Proven): Proven | undefined {
  const opened = openProofEvent(bytes, DEVICE_CERTIFIED)
  const certified = readDeviceCertified(opened?.data)
  if (opened === undefined || certified === undefined) return undefined
  const { id, envelope } = opened.event
  const { certificate, by, consent } = certified
  const { device, tunnelKey } = certificate
  const isGranted = before.grants.get(envelope.author) === by
  const isOfPerson = envelope.stream === personStream(before.person) && certificate.person === before.person
  const isNew = certificate.serial > before.certificate.serial && !before.grants.has(device)
  if (!isGranted || !isOfPerson || !isNew) return undefined
  const message = consentMessage(before.person, device, tunnelKey)
  if (!verifyLabelled(CONSENT_SIGNATURE_LABEL, message, consent, idToBytes(device))) return undefined
  return { ...before, device, tunnelKey, certificate, grants: new Map(before.grants).set(device, id) }
}

/** Checks the data of an introduction: every id, signature and grant from the founding event to the device. */
export function readProof(data: unknown): Result<ProvenDevice, ProofFault> {
  const introduced = readDeviceIntroduced(data)
  if (introduced === undefined) return refuse('not-an-introduction')
  const [founding, ...certifications] = introduced.proof
  if (founding === undefined || introduced.proof.length > PROOF_MAX_EVENTS) return refuse('proof-unreadable')
  let proven = readFounding(founding)
  if (proven === undefined) return refuse('founding-event-wrong')
  if (proven.person !== introduced.person) return refuse('person-differs')
  for (const certification of certifications) {
    proven = readCertification(certification, proven)
    if (proven === undefined) return refuse('certification-wrong')
  }
  const { person, device, tunnelKey, recovery, certificate } = proven
  return ok({ person, device, tunnelKey, recovery, certificate })
}

/**
 * Checks an introduction event: `device.introduced` rev 1, kept, seq 0, by the very device that it proves. The
 * event's own signature is the gate's part (`verifyRun`).
 */
export function readIntroduction(event: Opened): Result<ProvenDevice, ProofFault> {
  const { type, rev, seq, author } = event.envelope
  const isIntroduction =
    type === DEVICE_INTRODUCED && rev === PERSON_REV && seq === 0 && isKept(event.envelope)
  if (!isIntroduction || event.data === undefined) return refuse('not-an-introduction')
  const data = readData(event.data)
  if (!data.ok) return refuse('proof-unreadable')
  const proven = readProof(data.value)
  if (!proven.ok) return proven
  return proven.value.device === author ? proven : refuse('author-differs')
}
