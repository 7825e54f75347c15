/**
 * The two macs at the end of every handshake message (paper §5.4.4). The first proves that the sender knows the
 * receiver's public key, which keeps us silent towards scanners; the second, that it receives at the address
 * it sends from.
 */

import sodium from 'sodium-native'
import { hash, mac } from './blake2s.ts'
import { LABEL_MAC1, MAC_BYTES } from './constants.ts'

const label = new TextEncoder().encode(LABEL_MAC1)

/** The key of mac1 for messages to the owner of this public key. */
export const mac1Key = (receiver: Uint8Array): Uint8Array => hash(label, receiver)

const upToMac1 = (message: Uint8Array): Uint8Array => message.subarray(0, message.length - 2 * MAC_BYTES)
const upToMac2 = (message: Uint8Array): Uint8Array => message.subarray(0, message.length - MAC_BYTES)

export const mac1Of = (message: Uint8Array): Uint8Array =>
  message.subarray(message.length - 2 * MAC_BYTES, message.length - MAC_BYTES)
const mac2Of = (message: Uint8Array): Uint8Array => message.subarray(message.length - MAC_BYTES)

/** Writes both macs in place; mac2 stays zero without a cookie. */
export function stampMacs(message: Uint8Array, key: Uint8Array, cookie: Uint8Array | undefined): void {
  mac1Of(message).set(mac(key, upToMac1(message)))
  if (cookie === undefined) mac2Of(message).fill(0)
  else mac2Of(message).set(mac(cookie, upToMac2(message)))
}

export const mac1Fits = (message: Uint8Array, key: Uint8Array): boolean =>
  sodium.sodium_memcmp(mac1Of(message), mac(key, upToMac1(message)))

export const mac2Fits = (message: Uint8Array, cookie: Uint8Array): boolean =>
  sodium.sodium_memcmp(mac2Of(message), mac(cookie, upToMac2(message)))
