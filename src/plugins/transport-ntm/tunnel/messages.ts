/**
 * The four messages of WireGuard (paper §5.4) on the wire. Lengths are strict: a message that is not exactly as
 * long as its type demands is none. Data messages are read by offset, not into objects, because they are the
 * packet path.
 */

import { KEY_BYTES, MAC_BYTES, TAG_BYTES } from './constants.ts'

export const INITIATION = 1
export const RESPONSE = 2
export const COOKIE_REPLY = 3
export const DATA = 4
type MessageType = typeof INITIATION | typeof RESPONSE | typeof COOKIE_REPLY | typeof DATA

const TIMESTAMP_BYTES = 12
const COOKIE_NONCE_BYTES = 24
/** Of an answer that is no data: where the index of its receiver lies. */
export const RECEIVER_AT = 4
const NOISE_INITIATION_BYTES = KEY_BYTES + (KEY_BYTES + TAG_BYTES) + (TIMESTAMP_BYTES + TAG_BYTES)
const NOISE_RESPONSE_BYTES = KEY_BYTES + TAG_BYTES
const INITIATION_BYTES = 8 + NOISE_INITIATION_BYTES + 2 * MAC_BYTES
const RESPONSE_BYTES = 12 + NOISE_RESPONSE_BYTES + 2 * MAC_BYTES
const COOKIE_REPLY_BYTES = 8 + COOKIE_NONCE_BYTES + MAC_BYTES + TAG_BYTES

/** Type, receiver index and counter before the sealed packet. */
export const DATA_HEADER_BYTES = 16
/** What a data message adds to a (padded) inner packet. */
export const DATA_OVERHEAD_BYTES = DATA_HEADER_BYTES + TAG_BYTES

export function readUint32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0
}

export function writeUint32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value
  bytes[at + 1] = value >>> 8
  bytes[at + 2] = value >>> 16
  bytes[at + 3] = value >>> 24
}

/** How long a message of this type is: 0 for data, which says nothing about it, -1 if there is no such type. */
export function lengthOfType(type: number): number {
  switch (type) {
    case DATA:
      return 0
    case INITIATION:
      return INITIATION_BYTES
    case RESPONSE:
      return RESPONSE_BYTES
    case COOKIE_REPLY:
      return COOKIE_REPLY_BYTES
    default:
      return -1
  }
}

/** The type of a message whose length fits it, else `undefined`. The three bytes after the type must be zero. */
export function messageType(bytes: Uint8Array): MessageType | undefined {
  if (bytes.length < DATA_OVERHEAD_BYTES) return undefined
  const type = readUint32(bytes, 0)
  const length = lengthOfType(type)
  return length === 0 || length === bytes.length ? (type as MessageType) : undefined
}

/** A first message without its macs, which belong to the sending. */
export function encodeInitiation(sender: number, noise: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(INITIATION_BYTES)
  writeUint32(bytes, 0, INITIATION)
  writeUint32(bytes, 4, sender)
  bytes.set(noise, 8)
  return bytes
}

export const decodeInitiation = (bytes: Uint8Array): { sender: number; noise: Uint8Array } => ({
  sender: readUint32(bytes, 4),
  noise: bytes.subarray(8, 8 + NOISE_INITIATION_BYTES),
})

/** An answer without its macs. */
export function encodeResponse(sender: number, receiver: number, noise: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(RESPONSE_BYTES)
  writeUint32(bytes, 0, RESPONSE)
  writeUint32(bytes, 4, sender)
  writeUint32(bytes, 8, receiver)
  bytes.set(noise, 12)
  return bytes
}

export const decodeResponse = (
  bytes: Uint8Array,
): { sender: number; receiver: number; noise: Uint8Array } => ({
  sender: readUint32(bytes, 4),
  receiver: readUint32(bytes, 8),
  noise: bytes.subarray(12, 12 + NOISE_RESPONSE_BYTES),
})

/** A cookie reply to be filled in: the receiver's index, and the two parts. */
export function cookieReplyScratch(): {
  readonly bytes: Uint8Array
  readonly nonce: Uint8Array
  readonly sealed: Uint8Array
} {
  const bytes = new Uint8Array(COOKIE_REPLY_BYTES)
  writeUint32(bytes, 0, COOKIE_REPLY)
  const { nonce, sealed } = decodeCookieReply(bytes)
  return { bytes, nonce, sealed }
}

export const decodeCookieReply = (
  bytes: Uint8Array,
): { receiver: number; nonce: Uint8Array; sealed: Uint8Array } => ({
  receiver: readUint32(bytes, RECEIVER_AT),
  nonce: bytes.subarray(8, 8 + COOKIE_NONCE_BYTES),
  sealed: bytes.subarray(8 + COOKIE_NONCE_BYTES),
})

/** Where a handshake message's sender wants its answers. */
export const senderOf = (handshake: Uint8Array): number => readUint32(handshake, 4)
