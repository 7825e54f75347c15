/**
 * Which of a peer's places are worth a probe. A private address means something only to who is on the same network;
 * probing it from elsewhere finds nobody, or a stranger, and looks like a scan to those who watch (kubo#10327).
 */
import { parseAddress } from '../../../wire/ip-address.ts'
import type { Endpoint } from '../tunnel/endpoint.ts'

export interface Surroundings {
  /** This host's own addresses. */
  readonly hosts: readonly string[]
  /** What servers see of this node. */
  readonly publicAddresses: readonly string[]
  /** What a coordinator sees of the peer: it did reach the peer there. */
  readonly attested: readonly string[]
}

type Scope = 'loopback' | 'link' | 'private' | 'public' | 'none'

const scopeOfIpv4 = ([a, b]: Uint8Array): Scope => {
  if (a === 127) return 'loopback'
  if (a === 169 && b === 254) return 'link'
  if (a === 10 || (a === 172 && (b! & 0xf0) === 16) || (a === 192 && b === 168)) return 'private'
  if (a === 100 && (b! & 0xc0) === 64) return 'private'
  return a === 0 || a! >= 224 ? 'none' : 'public'
}

const scopeOfIpv6 = (bytes: Uint8Array): Scope => {
  if (bytes.subarray(0, 15).every(byte => byte === 0)) return bytes[15] === 1 ? 'loopback' : 'none'
  if (bytes[0] === 0xfe && (bytes[1]! & 0xc0) === 0x80) return 'link'
  if ((bytes[0]! & 0xfe) === 0xfc) return 'private'
  return bytes[0] === 0xff ? 'none' : 'public'
}

const scopeOf = (address: string): Scope => {
  const parsed = parseAddress(address)
  if (!parsed.ok) return 'none'
  return parsed.value.length === 4 ? scopeOfIpv4(parsed.value) : scopeOfIpv6(parsed.value)
}

/** Whether the address means the same everywhere. */
export const isPublicAddress = (address: string): boolean => scopeOf(address) === 'public'

const WIDEST_FIRST: readonly Scope[] = ['public', 'private', 'link', 'loopback', 'none']

/** Those that others can use from farther away come first. */
export const widestFirst = (endpoints: readonly Endpoint[]): readonly Endpoint[] => {
  const narrowness = ({ address }: Endpoint): number => WIDEST_FIRST.indexOf(scopeOf(address))
  return [...endpoints].sort((one, other) => narrowness(one) - narrowness(other))
}

/** The part of an address that one network commonly has: /24 of IPv4, /64 of IPv6. */
const networkOf = (address: string): string | undefined => {
  const parsed = parseAddress(address)
  if (!parsed.ok) return undefined
  const { value } = parsed
  return Buffer.from(value.subarray(0, value.length === 4 ? 3 : 8)).toString('hex')
}

/**
 * Whether no NAT of this node is on the way there. In a large private network, as of a firm or a carrier, there may be one
 * though the address is private; whoever has one of its own sees it from elsewhere.
 */
export const isOnOwnLink = ({ address }: Endpoint, hosts: readonly string[]): boolean => {
  const scope = scopeOf(address)
  if (scope !== 'private') return scope !== 'public'
  return hosts.some(host => networkOf(host) === networkOf(address))
}

export const isPlausible = ({ address }: Endpoint, around: Surroundings): boolean => {
  const { hosts, publicAddresses, attested } = around
  const scope = scopeOf(address)
  if (scope === 'none' || scope === 'link') return false
  if (scope === 'public' || attested.includes(address)) return true
  if (scope === 'loopback') return publicAddresses.some(own => scopeOf(own) === 'loopback')
  const isBehindSame = attested.some(seen => publicAddresses.includes(seen))
  return isBehindSame || hosts.some(host => networkOf(host) === networkOf(address))
}

/** A large private network has many parts that reach each other: 10/8 and 172.16/12 are such; 192.168/16 is homes. */
const isInSameLargeNetwork = (one: string, other: string): boolean => {
  const [a, b] = [parseAddress(one), parseAddress(other)]
  if (!a.ok || !b.ok || scopeOf(one) !== 'private' || scopeOf(other) !== 'private') return false
  return a.value.length === 4 && a.value[0] !== 192 && a.value[0] === b.value[0]
}

/**
 * Whether a place where this node itself has reached the peer may still be the peer's: it may have been in another
 * network then. What was reached on this very host is there, or nobody is; and who is in a large network still was
 * reached in another part of it, where nobody but a coordinator that may be gone could lead.
 */
export const isPlausibleStill = (endpoint: Endpoint, around: Surroundings): boolean =>
  scopeOf(endpoint.address) === 'loopback' ||
  isPlausible(endpoint, around) ||
  around.hosts.some(host => isInSameLargeNetwork(host, endpoint.address))
