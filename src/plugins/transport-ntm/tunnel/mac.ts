/**
 * The two macs at the end of every handshake message (paper §5.4.4). The first proves that the sender knows the
 * receiver's public key, which keeps us silent towards scanners; the second, that it receives at the address
 * it sends from.
 */

import { hash } from './blake2s.ts'
import { LABEL_MAC1, MAC_BYTES } from './constants.ts'
import { KeyedMac } from './keyed-mac.ts'

const label = new TextEncoder().encode(LABEL_MAC1)

/** The key of mac1 for messages to the owner of this public key. */
export const mac1Key = (receiver: Uint8Array): Uint8Array => hash(label, receiver)

const upToMac1 = (message: Uint8Array): number => message.length - 2 * MAC_BYTES
const upToMac2 = (message: Uint8Array): number => message.length - MAC_BYTES

export const mac1Of = (message: Uint8Array): Uint8Array =>
  message.subarray(upToMac1(message), upToMac2(message))
const mac2Of = (message: Uint8Array): Uint8Array => message.subarray(upToMac2(message))

/** Writes both macs in place; mac2 stays zero without a cookie. */
export function stampMacs(message: Uint8Array, key: Uint8Array, cookie: Uint8Array | undefined): void {
  mac1Of(message).set(new KeyedMac(key).of(message, upToMac1(message)))
  if (cookie === undefined) mac2Of(message).fill(0)
  else mac2Of(message).set(new KeyedMac(cookie).of(message, upToMac2(message)))
}

/** `ours`: keyed with our mac1 key. */
export const mac1Fits = (message: Uint8Array, ours: KeyedMac): boolean =>
  ours.fits(message, upToMac1(message))

/** Whether it claims to know a cookie: costs nothing to see. */
export function hasMac2(message: Uint8Array): boolean {
  for (let at = upToMac2(message); at < message.length; at += 1) if (message[at] !== 0) return true
  return false
}

export const mac2Fits = (message: Uint8Array, cookie: Uint8Array): boolean =>
  new KeyedMac(cookie).fits(message, upToMac2(message))
