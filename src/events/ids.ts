/**
 * Names for the things an event speaks of. In memory an id is lower-case hex, so that it can be a map key, be
 * printed and be compared; on the wire and on disk it is 32 bytes. The brands keep a stream from being passed
 * where an event is meant; nothing else is checked here.
 */

declare const kind: unique symbol
type Id<K extends string> = string & { readonly [kind]: K }

/** BLAKE2b-256 of an envelope's bytes under the label `ntm.event.1`. */
export type EventId = Id<'event'>
/** The id of a stream's founding event, or the hash that a one-to-one stream is named by. */
export type StreamId = Id<'stream'>
/** A device's Ed25519 public key: the author of events. */
export type DeviceId = Id<'device'>
/** A person is a stream that certifies devices; the id is its founding event's id. */
export type PersonId = Id<'person'>
/** A device's X25519 public key: the one its tunnels are built on. */
export type TunnelKey = Id<'tunnel'>

/** Milliseconds since the epoch, by some device's clock. */
export type Millis = number

export const ID_BYTES = 32
/** The stream field of a founding event: a stream cannot contain its own hash. */
export const NO_STREAM = '0'.repeat(64) as StreamId

/** The id as bytes. A fresh array that the caller may keep. */
export const idToBytes = (id: string): Uint8Array => Buffer.from(id, 'hex')

/** Bytes as an id of the kind the caller asks for. */
export const idFromBytes = <T extends string>(bytes: Uint8Array): T =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex') as T

const HEX_ID = /^[0-9a-f]{64}$/
/** Whether text is a whole id. */
export const isId = (text: string): boolean => HEX_ID.test(text)

/** A person's own stream has the person's id. */
export const personStream = (person: PersonId): StreamId => person as string as StreamId
