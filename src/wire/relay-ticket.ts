/**
 * What a coordinator gives to two devices that may need a Relay Server: a ticket for each, good for one side of one
 * slot pair at one relay (plugins/relay/SPEC.md §1). A relay knows nobody; it believes the coordinator's signature, and whoever
 * brings a ticket must also prove the key that it names.
 */
import { type DeviceId, ID_BYTES, idToBytes, type Millis, type TunnelKey } from '../events/ids.ts'
import { ok, type Result, refuse } from '../events/result.ts'
import { ByteReader } from './byte-reader.ts'
import { ByteWriter } from './byte-writer.ts'
import { decodeEndpoint, encodeEndpoint, type PlainEndpoint } from './endpoint.ts'
import { AT_MAX, SIGNATURE_BYTES } from './limits.ts'
import { verifyLabelled } from './signature.ts'

export const RELAY_TICKET_SIGNATURE_LABEL = 'ntm.sig.relay-ticket.1'
const TICKET_VERSION = 1
export const SLOT_PAIR_BYTES = 8
/** version, side, rate, pair, expiry, relay, holder. */
const BODY_BYTES = 1 + 1 + 4 + SLOT_PAIR_BYTES + 6 + 2 * ID_BYTES
export const RELAY_TICKET_BYTES = BODY_BYTES + SIGNATURE_BYTES
export const RELAY_ENDPOINTS_MAX = 4

export interface RelayTicket {
  /** Whom of the two it is for. */
  readonly side: 0 | 1
  /** Most that the holder may send, bytes a second, averaged. */
  readonly bytesPerSecond: number
  /** 8 random bytes in hex, the same on both tickets. */
  readonly pair: string
  readonly expires: Millis
  /** X25519 key of the only relay that takes it. */
  readonly relay: TunnelKey
  /** X25519 key of the only device that may use it. */
  readonly holder: TunnelKey
}

/** A ticket and where its relay is. */
export interface RelayGrant {
  readonly ticket: Uint8Array
  readonly endpoints: readonly PlainEndpoint[]
}

/** 148 bytes; `sign` with the coordinator's identity key. */
export const signRelayTicket = (
  { side, bytesPerSecond, pair, expires, relay, holder }: RelayTicket,
  sign: (label: string, message: Uint8Array) => Uint8Array,
): Uint8Array => {
  const head = Buffer.alloc(BODY_BYTES - 2 * ID_BYTES)
  head.writeUInt8(TICKET_VERSION, 0)
  head.writeUInt8(side, 1)
  head.writeUInt32BE(bytesPerSecond, 2)
  head.write(pair, 6, SLOT_PAIR_BYTES, 'hex')
  head.writeUIntBE(Math.min(expires, AT_MAX), 6 + SLOT_PAIR_BYTES, 6)
  const body = Buffer.concat([head, idToBytes(relay), idToBytes(holder)])
  return Buffer.concat([body, sign(RELAY_TICKET_SIGNATURE_LABEL, body)])
}

/** What a ticket says; whether it is true, `verifyRelayTicket` tells. */
export const readRelayTicket = (bytes: Uint8Array): Result<RelayTicket, 'ticket-malformed'> => {
  if (bytes.length !== RELAY_TICKET_BYTES) return refuse('ticket-malformed')
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const side = view[1]
  if (view[0] !== TICKET_VERSION || (side !== 0 && side !== 1)) return refuse('ticket-malformed')
  const reader = new ByteReader(bytes, 6)
  const pair = reader.hex(SLOT_PAIR_BYTES)
  reader.take(6)
  const [relay, holder] = [reader.id<TunnelKey>(), reader.id<TunnelKey>()]
  const expires = view.readUIntBE(6 + SLOT_PAIR_BYTES, 6)
  return ok({ side, bytesPerSecond: view.readUInt32BE(2), pair, expires, relay, holder })
}

/** Whether this coordinator signed it. Costs a signature check: ask last. */
export const verifyRelayTicket = (ticket: Uint8Array, issuer: DeviceId): boolean =>
  ticket.length === RELAY_TICKET_BYTES &&
  verifyLabelled(
    RELAY_TICKET_SIGNATURE_LABEL,
    ticket.subarray(0, BODY_BYTES),
    ticket.subarray(BODY_BYTES),
    idToBytes(issuer),
  )

export const RELAY_GRANT_MAX_BYTES = RELAY_TICKET_BYTES + 1 + 19 * RELAY_ENDPOINTS_MAX

/** Ticket, count, and each endpoint behind its length. Endpoints that cannot be written are left out. */
export const encodeRelayGrant = ({ ticket, endpoints }: RelayGrant): Uint8Array => {
  const encoded = endpoints
    .map(encodeEndpoint)
    .flatMap(endpoint => (endpoint.ok ? [endpoint.value] : []))
    .slice(0, RELAY_ENDPOINTS_MAX)
  const writer = new ByteWriter(RELAY_GRANT_MAX_BYTES)
  writer.put(ticket).byte(encoded.length)
  for (const endpoint of encoded) writer.byte(endpoint.length).put(endpoint)
  return writer.finish()
}

/** The ticket is a copy. */
export const readRelayGrant = (bytes: Uint8Array): Result<RelayGrant, 'grant-malformed'> => {
  const reader = new ByteReader(bytes)
  const ticket = reader.take(RELAY_TICKET_BYTES).slice()
  const count = reader.byte()
  if (count > RELAY_ENDPOINTS_MAX || !readRelayTicket(ticket).ok) return refuse('grant-malformed')
  const endpoints: PlainEndpoint[] = []
  for (let read = 0; read < count; read += 1) {
    const endpoint = decodeEndpoint(reader.take(reader.byte()))
    if (!endpoint.ok) return refuse('grant-malformed')
    endpoints.push(endpoint.value)
  }
  return reader.finished && endpoints.length > 0 ? ok({ ticket, endpoints }) : refuse('grant-malformed')
}
