/**
 * The name record: who stands behind a name, which devices are theirs, and the proof of it, signed by one of
 * those devices and countersigned by the coordinator of the domain (plugins/transport-ntm/SPEC.md §4). The bytes that were signed
 * are kept and passed on as they are, so fields that a newer program added survive every hand they go
 * through.
 */

import type { TunnelKey } from '../events/ids.ts'
import { type DeviceId, ID_BYTES, idFromBytes, idToBytes, type Millis, type PersonId } from '../events/ids.ts'
import { isName } from '../events/name.ts'
import { deviceIntroducedData } from '../events/person.ts'
import { ok, type Result, refuse } from '../events/result.ts'
import { isBytes, isCount, isFields } from '../events/shape.ts'
import { labelledHash } from './hash.ts'
import { PROOF_MAX_EVENTS, SIGNATURE_BYTES } from './limits.ts'
import { packData, readData } from './msgpack.ts'
import { readProof } from './person-proof.ts'
import { verifyLabelled } from './signature.ts'

const NAME_RECORD_LABEL = 'ntm.name-record.1'
const NAME_RECORD_SIGNATURE_LABEL = 'ntm.sig.name-record.1'
const NAME_COUNTERSIGNATURE_LABEL = 'ntm.sig.name-dc.1'

/** With both signatures. It travels in at most eight parts of a signalling datagram. */
export const NAME_RECORD_MAX_BYTES = 8192
const RECORD_DEVICES_MAX = 8
const RECORD_MAILBOXES_MAX = 4
const MAILBOX_MAX_BYTES = 512
const RECORD_VERSION = 1

export interface RecordDevice {
  readonly device: DeviceId
  readonly tunnelKey: TunnelKey
}

/** What the person claims. Times are milliseconds since the epoch by the person's clock. */
export interface NameRecordFields {
  readonly name: string
  readonly person: PersonId
  /** Grows with every new record of the name. */
  readonly serial: number
  readonly devices: readonly RecordDevice[]
  /** Sealed events: the person's founding event, then the certifications that its devices need. */
  readonly proof: readonly Uint8Array[]
  /** Where sealed envelopes may be left; opaque here. */
  readonly mailboxes: readonly Uint8Array[]
  readonly issued: Millis
  readonly expires: Millis
}

export interface Countersignature {
  /** The coordinator's Ed25519 key. */
  readonly dcKey: DeviceId
  readonly signature: Uint8Array
}

/** A record as it was received: what it says, and the very bytes. */
export interface SignedNameRecord extends Omit<NameRecordFields, 'devices'> {
  /** Each in the shape of a peer card. */
  readonly devices: readonly (RecordDevice & { readonly person: PersonId; readonly name: string })[]
  /** H('ntm.name-record.1' ‖ body): equal for equal bodies, whoever signed them. */
  readonly hash: Uint8Array
  readonly signer: DeviceId
  readonly signature: Uint8Array
  readonly countersignature: Countersignature | undefined
  /** The body alone, as signed. */
  readonly body: Uint8Array
  /** Everything, as received. */
  readonly bytes: Uint8Array
}

export type NameRecordFault =
  | 'record-too-long'
  | 'record-unreadable'
  | 'record-newer'
  | 'record-name'
  | 'record-fields'
  | 'record-devices'
  | 'record-signer'
  | 'record-signature'
  | 'record-proof'
  | 'record-countersignature'

export type Sign = (label: string, message: Uint8Array) => Uint8Array

/**
 * The body of a record: the bytes that get signed. `extra` is kept as it is. Throws if it cannot be packed.
 */
export const encodeNameRecord = (
  fields: NameRecordFields,
  extra: Readonly<Record<string, unknown>> = {},
): Uint8Array =>
  packData({
    v: RECORD_VERSION,
    name: fields.name,
    person: idToBytes(fields.person),
    serial: fields.serial,
    devices: fields.devices.map(({ device, tunnelKey }) => ({
      ed25519: idToBytes(device),
      x25519: idToBytes(tunnelKey),
    })),
    proof: [...fields.proof],
    mailboxes: [...fields.mailboxes],
    issued: fields.issued,
    expires: fields.expires,
    ...extra,
  })

const hashOf = (body: Uint8Array): Uint8Array => labelledHash(NAME_RECORD_LABEL, body)

/** A body under the signature of one of the person's devices. */
export const signNameRecord = (body: Uint8Array, signer: DeviceId, sign: Sign): Uint8Array =>
  packData([body, idToBytes(signer), sign(NAME_RECORD_SIGNATURE_LABEL, hashOf(body))])

/** The same record with the coordinator's signature in place of any that it had. */
export const withCountersignature = (record: SignedNameRecord, by: Countersignature): Uint8Array =>
  packData([record.body, idToBytes(record.signer), record.signature, idToBytes(by.dcKey), by.signature])

/** The coordinator's signature over what the record says. */
export const countersign = (record: SignedNameRecord, dcKey: DeviceId, sign: Sign): Countersignature => ({
  dcKey,
  signature: sign(NAME_COUNTERSIGNATURE_LABEL, record.hash),
})

const isListOfBytes = (value: unknown, most: number, mostBytes: number): value is Uint8Array[] =>
  Array.isArray(value) &&
  value.length <= most &&
  value.every(item => item instanceof Uint8Array && item.length <= mostBytes)

function readDevices(value: unknown): RecordDevice[] | undefined {
  if (!Array.isArray(value) || value.length === 0 || value.length > RECORD_DEVICES_MAX) return undefined
  const devices: RecordDevice[] = []
  for (const item of value) {
    if (!isFields(item) || !isBytes(item.ed25519, ID_BYTES) || !isBytes(item.x25519, ID_BYTES))
      return undefined
    devices.push({ device: idFromBytes(item.ed25519), tunnelKey: idFromBytes(item.x25519) })
  }
  const isUnique = (ids: readonly string[]): boolean => new Set(ids).size === ids.length
  const areUnique = isUnique(devices.map(d => d.device)) && isUnique(devices.map(d => d.tunnelKey))
  return areUnique ? devices : undefined
}

/** Text that a decoder cut out of a larger one keeps the larger one alive for as long as it lives itself. */
const ownCopy = (ascii: string): string => Buffer.from(ascii, 'latin1').toString('latin1')

function readFields(map: Record<string, unknown>): Result<NameRecordFields, NameRecordFault> {
  const { name, person, serial, proof, mailboxes, issued, expires } = map
  if (typeof name !== 'string' || !isName(name)) return refuse('record-name')
  if (!isBytes(person, ID_BYTES) || !isCount(serial)) return refuse('record-fields')
  if (!isCount(issued) || !isCount(expires) || expires <= issued) return refuse('record-fields')
  if (!isListOfBytes(proof, PROOF_MAX_EVENTS, NAME_RECORD_MAX_BYTES)) return refuse('record-fields')
  if (!isListOfBytes(mailboxes, RECORD_MAILBOXES_MAX, MAILBOX_MAX_BYTES)) return refuse('record-fields')
  const devices = readDevices(map.devices)
  if (devices === undefined) return refuse('record-devices')
  return ok({
    name: ownCopy(name),
    person: idFromBytes(person),
    serial,
    devices,
    proof,
    mailboxes,
    issued,
    expires,
  })
}

interface Parts {
  readonly body: Uint8Array
  readonly signer: DeviceId
  readonly signature: Uint8Array
  readonly countersignature: Countersignature | undefined
}

function readParts(bytes: Uint8Array): Parts | undefined {
  const read = readData(bytes)
  if (!read.ok || !Array.isArray(read.value)) return undefined
  const [body, signer, signature, dcKey, dcSignature] = read.value as readonly unknown[]
  const length = read.value.length
  if (!(body instanceof Uint8Array) || !isBytes(signer, ID_BYTES)) return undefined
  if (!isBytes(signature, SIGNATURE_BYTES)) return undefined
  const parts = { body: new Uint8Array(body), signer: idFromBytes<DeviceId>(signer), signature }
  if (length === 3) return { ...parts, countersignature: undefined }
  if (length !== 5 || !isBytes(dcKey, ID_BYTES) || !isBytes(dcSignature, SIGNATURE_BYTES)) return undefined
  return { ...parts, countersignature: { dcKey: idFromBytes(dcKey), signature: dcSignature } }
}

/** Reads a signed record. Only its shape is judged; `verifyNameRecord` judges whether it is true. */
export function readNameRecord(bytes: Uint8Array): Result<SignedNameRecord, NameRecordFault> {
  if (bytes.length > NAME_RECORD_MAX_BYTES) return refuse('record-too-long')
  const parts = readParts(bytes)
  const map = parts === undefined ? undefined : readData(parts.body)
  if (parts === undefined || !map?.ok || !isFields(map.value)) return refuse('record-unreadable')
  if (map.value.v !== RECORD_VERSION) return refuse('record-newer')
  const fields = readFields(map.value)
  if (!fields.ok) return fields
  const { name, person } = fields.value
  if (!fields.value.devices.some(({ device }) => device === parts.signer)) return refuse('record-signer')
  const devices = fields.value.devices.map(keys => ({ ...keys, person, name }))
  return ok({ ...fields.value, ...parts, devices, hash: hashOf(parts.body), bytes: new Uint8Array(bytes) })
}

/** The devices that the proof proves, as `ed25519/x25519`: each event of it leads to one of them. */
function provenDevices(person: PersonId, proof: readonly Uint8Array[]): ReadonlySet<string> {
  const proven = new Set<string>()
  for (let length = 1; length <= proof.length; length += 1) {
    const read = readProof(deviceIntroducedData({ person, proof: proof.slice(0, length) }))
    if (!read.ok) break
    proven.add(`${read.value.device}/${read.value.tunnelKey}`)
  }
  return proven
}

/** Whether a device of the person signed the record, and the proof names every device in it. */
export function verifyNameRecord(record: SignedNameRecord): Result<undefined, NameRecordFault> {
  const { signer, signature, hash, person, proof, devices } = record
  if (!verifyLabelled(NAME_RECORD_SIGNATURE_LABEL, hash, signature, idToBytes(signer)))
    return refuse('record-signature')
  const proven = provenDevices(person, proof)
  const areProven = devices.every(({ device, tunnelKey }) => proven.has(`${device}/${tunnelKey}`))
  return areProven ? ok(undefined) : refuse('record-proof')
}

/** Whether this coordinator countersigned the record. */
export function verifyCountersignature(
  record: SignedNameRecord,
  dcKey: DeviceId,
): Result<undefined, NameRecordFault> {
  const by = record.countersignature
  const isBy =
    by?.dcKey === dcKey &&
    verifyLabelled(NAME_COUNTERSIGNATURE_LABEL, record.hash, by.signature, idToBytes(dcKey))
  return isBy ? ok(undefined) : refuse('record-countersignature')
}

/**
 * What a record is to the one known for the same name. A different body under the same serial is `older`: a
 * serial is used once.
 */
export function supersedes(
  old: Pick<SignedNameRecord, 'person' | 'serial' | 'hash'>,
  fresh: Pick<SignedNameRecord, 'person' | 'serial' | 'hash'>,
): 'newer' | 'same' | 'older' | 'different-person' {
  if (old.person !== fresh.person) return 'different-person'
  if (fresh.serial > old.serial) return 'newer'
  return fresh.serial === old.serial && Buffer.compare(old.hash, fresh.hash) === 0 ? 'same' : 'older'
}
