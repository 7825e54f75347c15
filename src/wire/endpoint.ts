/**
 * Real addresses on the wire: 4 or 16 bytes and a port. One spelling for one address, because endpoints are
 * compared, cached and probed; IPv4 inside IPv6 is written as IPv4.
 */
import { ok, type Result, refuse } from '../events/result.ts'
import { formatAddress, parseAddress } from './ip-address.ts'

/** A real address and a port. */
export interface PlainEndpoint {
  readonly address: string
  readonly port: number
}

const MAPPED_PREFIX = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff)
const IPV4_WITH_PORT = 6
const IPV6_WITH_PORT = 18

const isMapped = (address: Uint8Array): boolean => MAPPED_PREFIX.every((byte, at) => address[at] === byte)

/** 6 or 18 bytes. Zones (`fe80::1%eth0`) mean nothing elsewhere and are refused. */
export function encodeEndpoint({ address, port }: PlainEndpoint): Result<Uint8Array, 'endpoint-malformed'> {
  const parsed = parseAddress(address)
  if (!parsed.ok || !Number.isInteger(port) || port < 1 || port > 0xffff) return refuse('endpoint-malformed')
  const bytes = parsed.value.length === 16 && isMapped(parsed.value) ? parsed.value.slice(12) : parsed.value
  return ok(Uint8Array.of(...bytes, port >>> 8, port & 0xff))
}

export function decodeEndpoint(bytes: Uint8Array): Result<PlainEndpoint, 'endpoint-malformed'> {
  const { length } = bytes
  if (length !== IPV4_WITH_PORT && length !== IPV6_WITH_PORT) return refuse('endpoint-malformed')
  const address = bytes.subarray(0, length - 2)
  const port = (bytes[length - 2]! << 8) | bytes[length - 1]!
  if (port === 0 || (length === IPV6_WITH_PORT && isMapped(address))) return refuse('endpoint-malformed')
  return ok({ address: formatAddress(address), port })
}

/** The endpoint in its one spelling, or undefined if it cannot go on the wire. */
export function normalEndpoint(endpoint: PlainEndpoint): PlainEndpoint | undefined {
  const encoded = encodeEndpoint(endpoint)
  const decoded = encoded.ok ? decodeEndpoint(encoded.value) : encoded
  return decoded.ok ? decoded.value : undefined
}
