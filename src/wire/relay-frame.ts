/**
 * What a Relay Server and the holders of its slots say to each other, as bytes (plugins/relay/SPEC.md). The frames
 * share a UDP port with WireGuard, whose first byte is 1 to 4, and they say their own length, so that a buffer of
 * several datagrams can be taken apart.
 */
import { ok, type Result, refuse } from '../events/result.ts'
import { ByteReader } from './byte-reader.ts'
import { ByteWriter } from './byte-writer.ts'
import { decodeEndpoint, encodeEndpoint, type PlainEndpoint } from './endpoint.ts'
import { RELAY_TICKET_BYTES } from './relay-ticket.ts'

/** First bytes 0x60 to 0x6f are a relay's; those without a name are for later versions. */
export const RELAY_FRAMES = {
  probe: 0x60,
  'probe-ack': 0x61,
  bind: 0x62,
  challenge: 0x63,
  bound: 0x64,
  rebind: 0x65,
  data: 0x66,
  refusal: 0x67,
} as const

/** Why a relay has no slot for a holder, or not any more; the number is on the wire. */
export const RELAY_REFUSALS = { full: 1, expired: 2, foreign: 3, leaving: 4 } as const
export type RelayRefusal = keyof typeof RELAY_REFUSALS

export const RELAY_NONCE_BYTES = 8
export const RELAY_TOKEN_BYTES = 8
export const RELAY_COOKIE_BYTES = 16
export const RELAY_MAC_BYTES = 16
/** type u8, version u8, length u16. */
const HEAD_BYTES = 4
export const RELAY_DATA_HEAD_BYTES = HEAD_BYTES + RELAY_TOKEN_BYTES
export const RELAY_FRAME_MAX_BYTES = 0xffff
/** The longest answer is the one that shows an IPv6 address; two bytes are left over. */
export const RELAY_PROBE_BYTES = 48
export const RELAY_CHALLENGE_BYTES = HEAD_BYTES + RELAY_TOKEN_BYTES + RELAY_COOKIE_BYTES
const CLAIM_BYTES = HEAD_BYTES + RELAY_TOKEN_BYTES + 8 + RELAY_COOKIE_BYTES + RELAY_MAC_BYTES
const BIND_BYTES = CLAIM_BYTES + RELAY_TICKET_BYTES
const REFUSAL_BYTES = HEAD_BYTES + RELAY_TOKEN_BYTES + 8 + 1 + RELAY_MAC_BYTES

/** Claims that a slot belongs to whoever sends it, and where that is; answered with the same and `bound`. */
export interface RelayClaim {
  readonly kind: 'bind' | 'rebind' | 'bound'
  readonly token: Uint8Array
  /** Higher in each claim; the answer repeats it. */
  readonly counter: number
  /** As the relay gave it to this address; zeros while there is none. */
  readonly cookie: Uint8Array
  /** In `bind` only, and empty elsewhere. */
  readonly ticket: Uint8Array
}

export type RelayFrame =
  | { readonly kind: 'probe'; readonly nonce: string }
  | {
      readonly kind: 'probe-ack'
      readonly nonce: string
      readonly cookie: Uint8Array
      readonly observed: PlainEndpoint
    }
  | { readonly kind: 'challenge'; readonly token: Uint8Array; readonly cookie: Uint8Array }
  | {
      readonly kind: 'refusal'
      readonly token: Uint8Array
      /** Of the claim that is refused. */
      readonly counter: number
      readonly why: RelayRefusal
    }
  | RelayClaim

/** One comparison, for whoever sorts datagrams by their first byte. */
export const isRelayByte = (first: number | undefined): boolean => first !== undefined && first >> 4 === 6

/** Length of the relay frame that begins at `at`; 0 if none does, or not the whole of it is there. */
export const relayFrameLength = (bytes: Uint8Array, at = 0): number => {
  if (bytes.length - at < HEAD_BYTES || bytes[at]! >> 4 !== 6 || bytes[at + 1] !== 0) return 0
  const length = (bytes[at + 2]! << 8) | bytes[at + 3]!
  return length >= HEAD_BYTES && length <= bytes.length - at ? length : 0
}

/** Writes the first 12 bytes of a DATA frame of `length` bytes; the packet stands behind them. */
export const writeRelayDataHead = (into: Uint8Array, token: Uint8Array, length: number): void => {
  into[0] = RELAY_FRAMES.data
  into[1] = 0
  into[2] = length >>> 8
  into[3] = length & 0xff
  into.set(token, HEAD_BYTES)
}

/** Puts another token into a DATA frame. Byte by byte: shorter than a call. */
export const rewriteRelayToken = (frame: Uint8Array, token: Uint8Array): void => {
  for (let index = 0; index < RELAY_TOKEN_BYTES; index += 1) frame[HEAD_BYTES + index] = token[index]!
}

const head = (kind: keyof typeof RELAY_FRAMES, length: number): ByteWriter =>
  new ByteWriter(length)
    .byte(RELAY_FRAMES[kind])
    .byte(0)
    .byte(length >>> 8)
    .byte(length & 0xff)

export const encodeRelayProbe = (nonce: string): Uint8Array =>
  head('probe', RELAY_PROBE_BYTES)
    .hex(nonce)
    .put(new Uint8Array(RELAY_PROBE_BYTES - HEAD_BYTES - RELAY_NONCE_BYTES))
    .finish()

/** 34 or 46 bytes. An address with a zone cannot be told to anybody. */
export const encodeRelayProbeAck = (
  nonce: string,
  cookie: Uint8Array,
  observed: PlainEndpoint,
): Result<Uint8Array, 'endpoint-malformed'> => {
  const endpoint = encodeEndpoint(observed)
  if (!endpoint.ok) return endpoint
  const length = HEAD_BYTES + RELAY_NONCE_BYTES + RELAY_COOKIE_BYTES + endpoint.value.length
  return ok(head('probe-ack', length).hex(nonce).put(cookie).put(endpoint.value).finish())
}

/** 28 bytes. `token` is the one of the frame that was in doubt. */
export const encodeRelayChallenge = (token: Uint8Array, cookie: Uint8Array): Uint8Array =>
  head('challenge', RELAY_CHALLENGE_BYTES).put(token).put(cookie).finish()

/** 52 bytes, a `bind` 200; `macOf` makes the last 16 from all before. */
export const encodeRelayClaim = (
  { kind, token, counter, cookie, ticket }: RelayClaim,
  macOf: (signed: Uint8Array) => Uint8Array,
): Uint8Array => {
  const length = kind === 'bind' ? BIND_BYTES : CLAIM_BYTES
  const writer = head(kind, length).put(token).put(counterBytes(counter)).put(cookie).put(ticket)
  return writer.put(macOf(writer.finish())).finish()
}

/** 37 bytes; `macOf` as for claims, or zeros where relay and bringer have no secret that the ticket proves. */
export const encodeRelayRefusal = (
  { token, counter }: Pick<RelayClaim, 'token' | 'counter'>,
  why: RelayRefusal,
  macOf: (signed: Uint8Array) => Uint8Array,
): Uint8Array => {
  const writer = head('refusal', REFUSAL_BYTES)
    .put(token)
    .put(counterBytes(counter))
    .byte(RELAY_REFUSALS[why])
  return writer.put(macOf(writer.finish())).finish()
}

const counterBytes = (counter: number): Uint8Array => {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(BigInt(counter))
  return bytes
}

/** The part of a claim that its MAC is over, and the MAC. */
export const splitRelayMac = (frame: Uint8Array): readonly [signed: Uint8Array, mac: Uint8Array] => [
  frame.subarray(0, -RELAY_MAC_BYTES),
  frame.subarray(-RELAY_MAC_BYTES),
]

const readClaim = (kind: RelayClaim['kind'], reader: ByteReader): RelayClaim => {
  const token = reader.take(RELAY_TOKEN_BYTES)
  const counter = readCounter(reader)
  const cookie = reader.take(RELAY_COOKIE_BYTES)
  const ticket = reader.take(kind === 'bind' ? RELAY_TICKET_BYTES : 0)
  reader.take(RELAY_MAC_BYTES)
  return { kind, token, counter, cookie, ticket }
}

/** A number that a later version may give another meaning is still a no. */
const readRefusal = (reader: ByteReader): RelayFrame => {
  const token = reader.take(RELAY_TOKEN_BYTES)
  const counter = readCounter(reader)
  const number = reader.byte()
  reader.take(RELAY_MAC_BYTES)
  const known = (Object.keys(RELAY_REFUSALS) as RelayRefusal[]).find(why => RELAY_REFUSALS[why] === number)
  return { kind: 'refusal', token, counter, why: known ?? 'full' }
}

const readCounter = (reader: ByteReader): number => {
  const high = reader.take(4)
  const low = reader.take(4)
  const counter = unsigned(high) * 2 ** 32 + unsigned(low)
  if (!Number.isSafeInteger(counter)) reader.fail()
  return counter
}

const unsigned = (four: Uint8Array): number => four.reduce((value, byte) => value * 256 + byte, 0)

const readBody = (type: number | undefined, reader: ByteReader): RelayFrame | undefined => {
  switch (type) {
    case RELAY_FRAMES.probe: {
      const nonce = reader.hex(RELAY_NONCE_BYTES)
      if (reader.rest().length !== RELAY_PROBE_BYTES - HEAD_BYTES - RELAY_NONCE_BYTES) reader.fail()
      return { kind: 'probe', nonce }
    }
    case RELAY_FRAMES['probe-ack']: {
      const nonce = reader.hex(RELAY_NONCE_BYTES)
      const cookie = reader.take(RELAY_COOKIE_BYTES)
      const observed = decodeEndpoint(reader.rest())
      return observed.ok ? { kind: 'probe-ack', nonce, cookie, observed: observed.value } : undefined
    }
    case RELAY_FRAMES.challenge:
      return {
        kind: 'challenge',
        token: reader.take(RELAY_TOKEN_BYTES),
        cookie: reader.take(RELAY_COOKIE_BYTES),
      }
    case RELAY_FRAMES.refusal:
      return readRefusal(reader)
    case RELAY_FRAMES.bind:
      return readClaim('bind', reader)
    case RELAY_FRAMES.bound:
      return readClaim('bound', reader)
    case RELAY_FRAMES.rebind:
      return readClaim('rebind', reader)
    default:
      return undefined
  }
}

/** Any whole frame but DATA, which nobody should make an object of. Its parts are views of the input. */
export const decodeRelayFrame = (bytes: Uint8Array): Result<RelayFrame, 'relay-frame-malformed'> => {
  if (relayFrameLength(bytes) !== bytes.length) return refuse('relay-frame-malformed')
  const reader = new ByteReader(bytes, HEAD_BYTES)
  const frame = readBody(bytes[0], reader)
  return frame !== undefined && reader.finished ? ok(frame) : refuse('relay-frame-malformed')
}
