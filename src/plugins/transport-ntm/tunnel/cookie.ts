/**
 * Cookies (paper §5.4.7): a value that only the holder of an address can have received. The giver keeps one
 * secret and no memory of whom it gave a cookie to; the taker keeps the cookie for as long as the giver's
 * secret lives.
 */

import sodium from 'sodium-native'
import { hash } from './blake2s.ts'
import { COOKIE_LIFETIME_MS, KEY_BYTES, LABEL_COOKIE, MAC_BYTES } from './constants.ts'
import { type Endpoint, endpointKey } from './endpoint.ts'
import { KeyedMac } from './keyed-mac.ts'
import { hasMac2, mac1Of, mac2Fits } from './mac.ts'
import { cookieReplyScratch, decodeCookieReply, RECEIVER_AT, senderOf, writeUint32 } from './messages.ts'

const encoder = new TextEncoder()
const label = encoder.encode(LABEL_COOKIE)

/** The key under which the owner of this public key seals cookies. */
export const cookieKey = (publicKey: Uint8Array): Uint8Array => hash(label, publicKey)

/** Gives cookies and recognises them again. */
export class CookieJar {
  readonly #sealKey: Uint8Array
  readonly #random: (bytes: number) => Uint8Array
  #secret: KeyedMac
  #bornAt = Number.NEGATIVE_INFINITY
  /** One for all: a flood is no reason to fill the memory. */
  readonly #scratch = cookieReplyScratch()

  constructor(publicKey: Uint8Array, random: (bytes: number) => Uint8Array) {
    this.#sealKey = cookieKey(publicKey)
    this.#random = random
    this.#secret = new KeyedMac(new Uint8Array(KEY_BYTES))
  }

  /** Whether the message carries the cookie that we gave to this source. */
  vouches(message: Uint8Array, from: Endpoint, now: number): boolean {
    if (!hasMac2(message) || now - this.#bornAt >= COOKIE_LIFETIME_MS) return false
    return mac2Fits(message, this.#cookieFor(from))
  }

  /** The reply that hands this source its cookie: 64 bytes, fewer than any handshake message. Valid until the next. */
  reply(message: Uint8Array, from: Endpoint, now: number): Uint8Array {
    if (now - this.#bornAt >= COOKIE_LIFETIME_MS) {
      this.#secret = new KeyedMac(this.#random(KEY_BYTES))
      this.#bornAt = now
    }
    const { bytes, nonce, sealed } = this.#scratch
    nonce.set(this.#random(nonce.length))
    const cookie = this.#cookieFor(from)
    const mac1 = mac1Of(message)
    sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(sealed, cookie, mac1, null, nonce, this.#sealKey)
    writeUint32(bytes, RECEIVER_AT, senderOf(message))
    return bytes
  }

  #cookieFor(from: Endpoint): Uint8Array {
    return this.#secret.of(Buffer.from(endpointKey(from), 'latin1'))
  }
}

/** The cookie in a reply to the message that carried `mac1`, or `undefined` if the reply is not authentic. */
export function openCookieReply(
  reply: Uint8Array,
  key: Uint8Array,
  mac1: Uint8Array,
): Uint8Array | undefined {
  const { nonce, sealed } = decodeCookieReply(reply)
  const cookie = new Uint8Array(MAC_BYTES)
  try {
    sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(cookie, null, sealed, mac1, nonce, key)
    return cookie
  } catch {
    return undefined
  }
}
