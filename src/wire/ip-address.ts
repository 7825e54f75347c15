/**
 * IP addresses as text and as bytes: 4 or 16 of them, in network order. One canonical text for one address, because
 * addresses are compared and kept as text; RFC 5952 says which.
 */
import { ok, type Result, refuse } from '../events/result.ts'

const IPV4_BYTES = 4
const IPV6_BYTES = 16
const GROUPS = 8

/** Where the longest run of two or more zero groups lies, the first of equals (RFC 5952 §4.2). */
const longestZeroRun = (groups: readonly number[]): { readonly start: number; readonly length: number } => {
  let best = { start: GROUPS, length: 1 }
  for (let start = 0; start < GROUPS; start++) {
    let end = start
    while (groups[end] === 0) end++
    if (end - start > best.length) best = { start, length: end - start }
  }
  return best
}

/** The canonical text: dotted for 4 bytes, RFC 5952 for 16. */
export const formatAddress = (address: Uint8Array): string => {
  if (address.length === IPV4_BYTES) return address.join('.')
  const groups = Array.from({ length: GROUPS }, (_, g) => (address[2 * g]! << 8) | address[2 * g + 1]!)
  const hex = groups.map(group => group.toString(16))
  const zeros = longestZeroRun(groups)
  if (zeros.start === GROUPS) return hex.join(':')
  return `${hex.slice(0, zeros.start).join(':')}::${hex.slice(zeros.start + zeros.length).join(':')}`
}

const [DOT, ZERO, NINE] = [0x2e, 0x30, 0x39]
const HEX_GROUP = /^[0-9a-f]{1,4}$/i
/** Eight groups of four and seven colons, or a dotted tail in place of two groups. */
const TEXT_MAX = 45

/** Without a regular expression: servers parse a new address for every stranger that they answer. */
const parseDotted = (text: string): Uint8Array | undefined => {
  const octets = new Uint8Array(IPV4_BYTES)
  let [index, octet, digits] = [0, 0, 0]
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === DOT) {
      if (digits === 0 || index === IPV4_BYTES - 1) return undefined
      octets[index++] = octet
      octet = digits = 0
      continue
    }
    // No leading zero, which some read as octal.
    if (code < ZERO || code > NINE || (digits > 0 && octet === 0)) return undefined
    octet = 10 * octet + code - ZERO
    digits += 1
    if (octet > 0xff) return undefined
  }
  octets[index] = octet
  return digits > 0 && index === IPV4_BYTES - 1 ? octets : undefined
}

/** The groups on one side of `::`, as octets. Only the last of the whole address may be dotted. */
const parseGroups = (text: string, mayEndDotted: boolean): readonly number[] | undefined => {
  if (text === '') return []
  const octets: number[] = []
  const parts = text.split(':')
  for (const [index, part] of parts.entries()) {
    if (HEX_GROUP.test(part)) {
      const group = Number.parseInt(part, 16)
      octets.push(group >>> 8, group & 0xff)
      continue
    }
    const tail = mayEndDotted && index === parts.length - 1 ? parseDotted(part) : undefined
    if (tail === undefined) return undefined
    octets.push(...tail)
  }
  return octets
}

const parseColons = (text: string): Uint8Array | undefined => {
  const sides = text.split('::')
  if (sides.length > 2) return undefined
  const head = parseGroups(sides[0]!, sides.length === 1)
  const tail = parseGroups(sides[1] ?? '', true)
  if (head === undefined || tail === undefined) return undefined
  const missing = IPV6_BYTES - head.length - tail.length
  if (sides.length === 1 ? missing !== 0 : missing < 2) return undefined
  return Uint8Array.from([...head, ...new Array<number>(missing).fill(0), ...tail])
}

/** Dotted IPv4, or any form of RFC 4291 §2.2 without a zone. */
export const parseAddress = (text: string): Result<Uint8Array, 'address-malformed'> => {
  const octets =
    text.length > TEXT_MAX ? undefined : text.includes(':') ? parseColons(text) : parseDotted(text)
  return octets === undefined ? refuse('address-malformed') : ok(octets)
}

/** One customer's addresses as one, for who counts by them: an IPv4 address, or the first bytes of an IPv6 address. */
export const networkOf = (address: string, ipv6Bytes: number): string => {
  const parsed = parseAddress(address)
  if (!parsed.ok || parsed.value.length === IPV4_BYTES) return address
  return Buffer.from(parsed.value.subarray(0, ipv6Bytes)).toString('hex')
}
