/**
 * Virtual addresses: 4 or 16 bytes, as they stand in a packet. The IPv6 one is a hash of the device's tunnel
 * key, so whoever completes a handshake has proved the address with it; the IPv4 one is given by
 * the DC and means something within its domain only.
 */
import { labelledHash } from '../../../wire/hash.ts'

/** 4 bytes or 16, network order. */
export type VirtualAddress = Uint8Array

export const IPV6_BYTES = 16
const UNIQUE_LOCAL = 0xfd
const LABEL = 'ntm.ip6.1'

/** The address of the device that holds this X25519 key: `fd` and 15 bytes of a labelled BLAKE2b-256. */
export const virtualIpv6 = (tunnelKey: Uint8Array): VirtualAddress => {
  const address = new Uint8Array(IPV6_BYTES)
  address[0] = UNIQUE_LOCAL
  address.set(labelledHash(LABEL, tunnelKey).subarray(0, IPV6_BYTES - 1), 1)
  return address
}

/** Whether both are the same address. */
export const sameAddress = (a: VirtualAddress, b: VirtualAddress): boolean => {
  if (a.length !== b.length) return false
  for (let at = 0; at < a.length; at++) if (a[at] !== b[at]) return false
  return true
}
