/**
 * Cookies: a value that only who receives at an address can know. The relay keeps a secret and no memory of whom
 * it gave a cookie to, so proving an address costs strangers a packet and the relay one hash.
 */
import sodium from 'sodium-native'
import type { Clock, Random, UdpEndpoint } from '../../../kernel/api/index.ts'
import { encodeEndpoint } from '../../../wire/endpoint.ts'
import { RELAY_COOKIE_BYTES } from '../../../wire/relay-frame.ts'
import { COOKIE_LIFETIME_MS } from './limits.ts'

const LABEL = Buffer.from('ntm.relay-cookie.1', 'latin1')
const SECRET_BYTES = 32

export class Cookies {
  readonly #clock: Clock
  readonly #random: Random
  #secret: Uint8Array
  #previous: Uint8Array
  #bornMs: number

  constructor({ clock, random }: { readonly clock: Clock; readonly random: Random }) {
    this.#clock = clock
    this.#random = random
    this.#secret = random.bytes(SECRET_BYTES)
    this.#previous = random.bytes(SECRET_BYTES)
    this.#bornMs = clock.monotonicMs()
  }

  /** The cookie of this address now; undefined if nobody could be told such an address. */
  of(from: UdpEndpoint): Uint8Array | undefined {
    this.#age()
    return cookieBy(this.#secret, from)
  }

  holds(cookie: Uint8Array, from: UdpEndpoint): boolean {
    this.#age()
    return [this.#secret, this.#previous].some(secret => {
      const expected = cookieBy(secret, from)
      return expected !== undefined && sodium.sodium_memcmp(expected, cookie)
    })
  }

  #age(): void {
    const ageMs = this.#clock.monotonicMs() - this.#bornMs
    if (ageMs < COOKIE_LIFETIME_MS) return
    this.#previous = ageMs < 2 * COOKIE_LIFETIME_MS ? this.#secret : this.#random.bytes(SECRET_BYTES)
    this.#secret = this.#random.bytes(SECRET_BYTES)
    this.#bornMs += ageMs
  }
}

const cookieBy = (secret: Uint8Array, from: UdpEndpoint): Uint8Array | undefined => {
  const endpoint = encodeEndpoint(from)
  if (!endpoint.ok) return undefined
  const cookie = new Uint8Array(RELAY_COOKIE_BYTES)
  sodium.crypto_generichash_batch(cookie, [LABEL, endpoint.value], secret)
  return cookie
}
