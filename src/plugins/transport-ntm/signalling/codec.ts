/**
 * Signalling messages as bytes. Reading is strict and total: the exact number of elements, each of its kind
 * and within its limit, nothing after; what is wrong is refused with a reason that the receiver counts.
 */

import { ID_BYTES, idFromBytes, idToBytes } from '../../../events/ids.ts'
import { isName } from '../../../events/name.ts'
import { ok, type Result, refuse } from '../../../events/result.ts'
import { isBytes } from '../../../events/shape.ts'
import type { RelayPlace } from '../../../kernel/api/relays.ts'
import type { UdpEndpoint } from '../../../kernel/api/tokens.ts'
import { decodeEndpoint, encodeEndpoint } from '../../../wire/endpoint.ts'
import { formatAddress, parseAddress } from '../../../wire/ip-address.ts'
import { SIGNATURE_BYTES } from '../../../wire/limits.ts'
import { packData, readData } from '../../../wire/msgpack.ts'
import { NAME_RECORD_MAX_BYTES } from '../../../wire/name-record.ts'
import { RELAY_ENDPOINTS_MAX, RELAY_GRANT_MAX_BYTES } from '../../../wire/relay-ticket.ts'
import {
  LEASE_MAX_MS,
  MESSAGE_MAX_BYTES,
  RELAY_REGISTRATION_PADDING_BYTES,
  RELAYS_MAX,
  RTT_MAX_MS,
  SEALED_CANDIDATES_MAX_BYTES,
  SIGNALLING_VERSION,
  TOKEN_MAX_CHARACTERS,
  TRANSACTION_BYTES,
} from './limits.ts'
import {
  MESSAGE_TYPES,
  type Message,
  type MessageType,
  type RelayRtt,
  SIGNALLING_ERRORS,
} from './messages.ts'

export type MessageFault =
  | 'message-too-long'
  | 'message-unreadable'
  | 'message-version'
  | 'message-type'
  | 'message-fields'

/** How one field goes to the wire, and back; `undefined` from `read` refuses the message. */
interface Field {
  write(value: never): unknown
  read(raw: unknown): unknown
}

/** Stands for an absent value, so that `undefined` can mean a fault. */
const ABSENT = Symbol('absent')

const bytesUpTo = (most: number): Field => ({
  write: (value: Uint8Array) => value,
  read: raw => (raw instanceof Uint8Array && raw.length <= most ? new Uint8Array(raw) : undefined),
})
const exactBytes = (length: number): Field => ({
  write: (value: Uint8Array) => value,
  read: raw => (isBytes(raw, length) ? new Uint8Array(raw) : undefined),
})
const optional = (field: Field): Field => ({
  write: (value: never) => (value === undefined ? null : field.write(value)),
  read: raw => (raw === null ? ABSENT : field.read(raw)),
})
const countUpTo = (most: number): Field => ({
  write: (value: number) => Math.min(Math.max(0, Math.round(value)), most),
  read: raw => (Number.isInteger(raw) && (raw as number) >= 0 && (raw as number) <= most ? raw : undefined),
})
const oneOf = (words: readonly string[]): Field => ({
  write: (value: string) => words.indexOf(value) + 1,
  read: raw => (Number.isInteger(raw) ? words[(raw as number) - 1] : undefined),
})
const id: Field = {
  write: (value: string) => idToBytes(value),
  read: raw => (isBytes(raw, ID_BYTES) ? idFromBytes(raw) : undefined),
}
const flag: Field = {
  write: (value: boolean) => value,
  read: raw => (typeof raw === 'boolean' ? raw : undefined),
}
const name: Field = {
  write: (value: string) => value,
  read: raw => (typeof raw === 'string' && isName(raw) ? raw : undefined),
}
const token: Field = {
  write: (value: string) => value,
  read: raw => (typeof raw === 'string' && raw.length <= TOKEN_MAX_CHARACTERS ? raw : undefined),
}
const endpoint: Field = {
  write: (value: UdpEndpoint) => {
    const encoded = encodeEndpoint(value)
    if (!encoded.ok) throw new TypeError(`not an endpoint: ${value.address} ${value.port}`)
    return encoded.value
  },
  read: raw => {
    const decoded = raw instanceof Uint8Array ? decodeEndpoint(raw) : undefined
    return decoded?.ok ? decoded.value : undefined
  },
}
const ipv4: Field = {
  write: (value: string) => {
    const parsed = parseAddress(value)
    if (!parsed.ok) throw new TypeError(`not an address: ${value}`)
    return parsed.value
  },
  read: raw => (isBytes(raw, 4) ? formatAddress(raw) : undefined),
}

const listOf = (field: Field, least: number, most: number): Field => ({
  write: (values: readonly never[]) => values.map(value => field.write(value)),
  read: raw => {
    if (!Array.isArray(raw) || raw.length < least || raw.length > most) return undefined
    const values = raw.map(value => field.read(value))
    return values.includes(undefined) ? undefined : values
  },
})
/** What is said about one relay: its key and one thing more, as an array of two. */
const ofRelay = (key: 'rttMs' | 'endpoints', field: Field): Field => ({
  write: (value: RelayRtt & RelayPlace) => [idToBytes(value.relay), field.write(value[key] as never)],
  read: raw => {
    if (!Array.isArray(raw) || raw.length !== 2) return undefined
    const [relay, said] = [id.read(raw[0]), field.read(raw[1])]
    return relay === undefined || said === undefined ? undefined : { relay, [key]: said }
  },
})
/** Zeros; nothing that a message has. */
const padding = (length: number): Field => ({
  write: () => new Uint8Array(length),
  read: raw => (isBytes(raw, length) && raw.every(byte => byte === 0) ? ABSENT : undefined),
})

const record = bytesUpTo(NAME_RECORD_MAX_BYTES)
const sealed = optional(bytesUpTo(SEALED_CANDIDATES_MAX_BYTES))
const spanMs = countUpTo(LEASE_MAX_MS)
const bits = countUpTo(0xffff_ffff)
const endpoints = listOf(endpoint, 1, RELAY_ENDPOINTS_MAX)
const measured = listOf(ofRelay('rttMs', countUpTo(RTT_MAX_MS)), 0, RELAYS_MAX)
const places = listOf(ofRelay('endpoints', endpoints), 0, RELAYS_MAX)

/** The fields of each message after version, type and transaction, in wire order. */
const LAYOUTS: { readonly [T in MessageType]: readonly (readonly [key: string, field: Field])[] } = {
  'registration-request': [
    ['record', record],
    ['isGuest', flag],
    ['token', optional(token)],
    ['keepAliveMs', spanMs],
    ['capabilities', bits],
  ],
  'registration-response': [
    ['virtualIpv4', optional(ipv4)],
    ['observed', endpoint],
    ['dcKey', id],
    ['countersignature', optional(exactBytes(SIGNATURE_BYTES))],
    ['leaseMs', spanMs],
    ['capabilities', bits],
    ['relays', bits],
  ],
  'keep-alive': [['keepAliveMs', spanMs]],
  'keep-alive-ack': [
    ['observed', endpoint],
    ['relays', bits],
  ],
  'direction-request': [
    ['name', name],
    ['device', optional(id)],
    ['candidates', sealed],
    ['relayOnly', flag],
  ],
  'route-direction': [
    ['role', oneOf(['responder', 'initiator'])],
    ['record', record],
    ['device', id],
    ['observed', optional(endpoint)],
    ['candidates', sealed],
    ['relay', optional(bytesUpTo(RELAY_GRANT_MAX_BYTES))],
  ],
  'route-direction-confirmation': [
    ['accepts', flag],
    ['authorises', flag],
    ['candidates', sealed],
    ['relayOnly', flag],
  ],
  'name-request': [['name', name]],
  'name-response': [['record', record]],
  'authorisation-withdrawal': [['person', id]],
  'authorisation-withdrawn': [],
  'registration-recall': [],
  error: [['code', oneOf(SIGNALLING_ERRORS)]],
  'relay-report': [['measured', measured]],
  'relay-list': [
    ['relays', bits],
    ['places', places],
  ],
  'relay-registration': [
    ['endpoints', endpoints],
    ['token', optional(token)],
    ['keepAliveMs', spanMs],
    ['padding', padding(RELAY_REGISTRATION_PADDING_BYTES)],
  ],
  'relay-registered': [
    ['dcKey', id],
    ['observed', endpoint],
    ['leaseMs', spanMs],
  ],
}

const HEADER_ELEMENTS = 3

/** A message as bytes. Throws if a field is not what its type says: that is our own mistake. */
export function encodeMessage(message: Message): Uint8Array {
  const type = MESSAGE_TYPES.indexOf(message.type) + 1
  const values = message as unknown as Readonly<Record<string, never>>
  const fields = LAYOUTS[message.type].map(([key, field]) => field.write(values[key]!))
  return packData([SIGNALLING_VERSION, type, Buffer.from(message.transaction, 'hex'), ...fields])
}

function readFields(
  layout: readonly (readonly [string, Field])[],
  raws: readonly unknown[],
): object | undefined {
  const fields: Record<string, unknown> = {}
  for (const [index, [key, field]] of layout.entries()) {
    const value = field.read(raws[HEADER_ELEMENTS + index])
    if (value === undefined) return undefined
    fields[key] = value === ABSENT ? undefined : value
  }
  return fields
}

/** A stranger's bytes as a message. The message shares no memory with them. */
export function decodeMessage(bytes: Uint8Array): Result<Message, MessageFault> {
  if (bytes.length > MESSAGE_MAX_BYTES) return refuse('message-too-long')
  const read = readData(bytes)
  if (!read.ok || !Array.isArray(read.value)) return refuse('message-unreadable')
  const raws = read.value as readonly unknown[]
  if (raws[0] !== SIGNALLING_VERSION) return refuse('message-version')
  const type = Number.isInteger(raws[1]) ? MESSAGE_TYPES[(raws[1] as number) - 1] : undefined
  if (type === undefined) return refuse('message-type')
  const transaction = raws[2]
  const layout = LAYOUTS[type]
  if (!isBytes(transaction, TRANSACTION_BYTES) || raws.length !== HEADER_ELEMENTS + layout.length)
    return refuse('message-fields')
  const fields = readFields(layout, raws)
  if (fields === undefined) return refuse('message-fields')
  return ok({ type, transaction: idFromBytes(transaction), ...fields } as Message)
}
