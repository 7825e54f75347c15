/**
 * The grammar of a person: a stream whose founding event pins a recovery key and the first device, and whose
 * later events certify and revoke devices. Every other stream learns who its authors are from introductions
 * that carry their own proof, so that resolving one stream reads one stream (wire/SPEC.md §9).
 */

import {
  type DeviceId,
  type EventId,
  ID_BYTES,
  idFromBytes,
  idToBytes,
  type Millis,
  type PersonId,
  type TunnelKey,
} from './ids.ts'
import { isBytes, isCount, isFields } from './shape.ts'

export const PERSON_FOUNDED = 'person.founded'
export const DEVICE_CERTIFIED = 'device.certified'
export const DEVICE_REVOKED = 'device.revoked'
export const DEVICE_INTRODUCED = 'device.introduced'
/** All of them are rev 1 and kept. */
export const PERSON_REV = 1

export const NONCE_BYTES = 16
const CONSENT_BYTES = 64

/** Which keys are one device of a person. */
export interface Certificate {
  /** Absent exactly inside the founding event, whose id it would have to contain. */
  readonly person?: PersonId
  readonly device: DeviceId
  readonly tunnelKey: TunnelKey
  readonly notBefore: Millis
  /** 0 for the founding device; each further certificate of the person has a greater one. */
  readonly serial: number
}

/** Data of `person.founded`: the author is the certified device. */
export interface PersonFounded {
  readonly nonce: Uint8Array
  /** Ed25519 key of the recovery words; it may author certifications and revocations in this stream. */
  readonly recovery: DeviceId
  readonly certificate: Certificate
}

/** Data of `device.certified`: the author is the recovery key or an older device. */
export interface DeviceCertified {
  readonly certificate: Certificate
  /** The event that grants the author its authority: the founding event, or the one that certified it. */
  readonly by: EventId
  /** The new device's signature over its membership: nobody can certify a stranger's key as their own. */
  readonly consent: Uint8Array
}

/** Data of `device.revoked`: the author is the recovery key or an older device than the one revoked. */
export interface DeviceRevoked {
  readonly device: DeviceId
  /** As in `device.certified`. */
  readonly by: EventId
}

/** Data of `device.introduced`: seq 0 of every device in every stream that is not its person's own. */
export interface DeviceIntroduced {
  readonly person: PersonId
  /** Sealed events, encoded: the founding event, then the certifications that lead to the author. */
  readonly proof: readonly Uint8Array[]
}

type Fields = Record<string, unknown>

/** A certificate as plain msgpack values. */
const certificateData = (certificate: Certificate): Fields => ({
  ...(certificate.person === undefined ? {} : { person: idToBytes(certificate.person) }),
  ed25519: idToBytes(certificate.device),
  x25519: idToBytes(certificate.tunnelKey),
  notBefore: certificate.notBefore,
  serial: certificate.serial,
})

/** The certificate in a map, or undefined. Fields unknown here are ignored. */
function readCertificate(value: unknown): Certificate | undefined {
  if (!isFields(value)) return undefined
  const { person, ed25519, x25519, notBefore, serial } = value
  if (!isBytes(ed25519, ID_BYTES) || !isBytes(x25519, ID_BYTES)) return undefined
  if (!isCount(notBefore) || !isCount(serial)) return undefined
  const device = idFromBytes<DeviceId>(ed25519)
  const tunnelKey = idFromBytes<TunnelKey>(x25519)
  if (person === undefined) return { device, tunnelKey, notBefore, serial }
  if (!isBytes(person, ID_BYTES)) return undefined
  return { person: idFromBytes<PersonId>(person), device, tunnelKey, notBefore, serial }
}

/** The data of `person.founded` as plain msgpack values. */
export const personFoundedData = ({ nonce, recovery, certificate }: PersonFounded): Fields => ({
  nonce,
  recovery: idToBytes(recovery),
  device: certificateData(certificate),
})

/** What `person.founded` says, or undefined. Its certificate names no person and has serial 0. */
export function readPersonFounded(value: unknown): PersonFounded | undefined {
  if (!isFields(value)) return undefined
  const { nonce, recovery } = value
  const certificate = readCertificate(value.device)
  if (!isBytes(nonce, NONCE_BYTES) || !isBytes(recovery, ID_BYTES) || certificate === undefined)
    return undefined
  if (certificate.person !== undefined || certificate.serial !== 0) return undefined
  return { nonce, recovery: idFromBytes(recovery), certificate }
}

/** The data of `device.certified` as plain msgpack values. */
export const deviceCertifiedData = ({ certificate, by, consent }: DeviceCertified): Fields => ({
  certificate: certificateData(certificate),
  by: idToBytes(by),
  consent,
})

/** What `device.certified` says, or undefined. Its certificate names the person and has a serial above 0. */
export function readDeviceCertified(value: unknown): DeviceCertified | undefined {
  if (!isFields(value)) return undefined
  const { by, consent } = value
  const certificate = readCertificate(value.certificate)
  if (!isBytes(by, ID_BYTES) || !isBytes(consent, CONSENT_BYTES) || certificate === undefined)
    return undefined
  if (certificate.person === undefined || certificate.serial === 0) return undefined
  return { certificate, by: idFromBytes(by), consent }
}

/** The data of `device.revoked` as plain msgpack values. */
export const deviceRevokedData = ({ device, by }: DeviceRevoked): Fields => ({
  device: idToBytes(device),
  by: idToBytes(by),
})

/** What `device.revoked` says, or undefined. */
export function readDeviceRevoked(value: unknown): DeviceRevoked | undefined {
  if (!isFields(value)) return undefined
  const { device, by } = value
  if (!isBytes(device, ID_BYTES) || !isBytes(by, ID_BYTES)) return undefined
  return { device: idFromBytes(device), by: idFromBytes(by) }
}

/** The data of `device.introduced` as plain msgpack values. */
export const deviceIntroducedData = ({ person, proof }: DeviceIntroduced): Fields => ({
  person: idToBytes(person),
  proof: [...proof],
})

/** What `device.introduced` says, or undefined; the proof is still to be checked. */
export function readDeviceIntroduced(value: unknown): DeviceIntroduced | undefined {
  if (!isFields(value)) return undefined
  const { person, proof } = value
  if (!isBytes(person, ID_BYTES) || !Array.isArray(proof)) return undefined
  if (!proof.every(item => item instanceof Uint8Array)) return undefined
  return { person: idFromBytes(person), proof }
}
