/**
 * How the holder of a slot and its Relay Server know each other's frames: by a secret that both can compute from
 * their tunnel keys, and nobody else. It is the same for all tickets of the two, so a slot keeps its token when
 * its ticket is renewed.
 */
import sodium from 'sodium-native'
import { RELAY_MAC_BYTES, RELAY_TOKEN_BYTES, splitRelayMac } from './relay-frame.ts'
import type { RelayTicket } from './relay-ticket.ts'

/** Names the secret: `Keys.agree(RELAY_SECRET_LABEL, the other's tunnel key)`. */
export const RELAY_SECRET_LABEL = 'ntm.relay.1'
const MAC_LABEL = Buffer.from('ntm.relay-mac.1', 'latin1')
const TOKEN_LABEL = Buffer.from('ntm.relay-token.1', 'latin1')

/** BLAKE2b-128 keyed with the secret: what claims end with. */
export const relayMac = (secret: Uint8Array, signed: Uint8Array): Uint8Array => {
  const mac = new Uint8Array(RELAY_MAC_BYTES)
  sodium.crypto_generichash_batch(mac, [MAC_LABEL, signed], secret)
  return mac
}

/** Whether a whole claim ends with the MAC of this secret. */
export const relayMacHolds = (secret: Uint8Array, frame: Uint8Array): boolean => {
  const [signed, mac] = splitRelayMac(frame)
  return mac.length === RELAY_MAC_BYTES && sodium.sodium_memcmp(mac, relayMac(secret, signed))
}

/** By what a slot is known on the wire: 8 bytes that both can tell before a word was said. */
export const relayToken = (
  secret: Uint8Array,
  { pair, side }: Pick<RelayTicket, 'pair' | 'side'>,
): Uint8Array => {
  const hash = new Uint8Array(16)
  const slot = Buffer.from(`${pair}0${side}`, 'hex')
  sodium.crypto_generichash_batch(hash, [TOKEN_LABEL, slot], secret)
  return hash.subarray(0, RELAY_TOKEN_BYTES)
}
