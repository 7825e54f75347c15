/**
 * The Port Control Protocol (RFC 6887), as much as it takes to ask a router for one UDP port. What comes back is
 * whoever's on the link, and is read as such.
 */
import { ok, type Result, refuse } from '../../events/result.ts'
import { normalEndpoint, type PlainEndpoint } from '../../wire/endpoint.ts'
import { formatAddress, parseAddress } from '../../wire/ip-address.ts'

/** What a router grants, and for how long. */
export interface Grant {
  readonly endpoint: PlainEndpoint
  readonly lifetimeS: number
}

export interface PcpAsk {
  /** 12 bytes; who knows them may end the mapping. */
  readonly nonce: Uint8Array
  /** The own IPv4 address, as the router sees it. */
  readonly client: string
  readonly port: number
  /** 0 ends the mapping. */
  readonly lifetimeS: number
  /** What it was before, or what would be nice. */
  readonly wished?: PlainEndpoint | undefined
}

const VERSION = 2
const MAP = 1
const ANSWER = 0x80
const UDP = 17
const BYTES = 60
const AT = { lifetime: 4, client: 8, nonce: 24, protocol: 36, port: 40, outerPort: 42, outerAddress: 44 }
const RESULTS = [
  ...['', 'unsupported version', 'not authorised', 'malformed request', 'unsupported opcode'],
  ...['unsupported option', 'malformed option', 'network failure', 'no resources', 'unsupported protocol'],
  ...['user exceeded quota', 'cannot provide the external address', 'address mismatch'],
]

/** IPv4 inside IPv6, which is how PCP writes every address. */
const writeAddress = (bytes: Uint8Array, at: number, address: string): void => {
  const parsed = parseAddress(address)
  const octets = parsed.ok ? parsed.value : new Uint8Array(4)
  if (octets.length === 4) bytes.set([0xff, 0xff, ...octets], at + 10)
  else bytes.set(octets, at)
}

export function pcpRequest({ nonce, client, port, lifetimeS, wished }: PcpAsk): Uint8Array {
  const bytes = Buffer.alloc(BYTES)
  bytes[0] = VERSION
  bytes[1] = MAP
  bytes.writeUInt32BE(lifetimeS, AT.lifetime)
  writeAddress(bytes, AT.client, client)
  bytes.set(nonce, AT.nonce)
  bytes[AT.protocol] = UDP
  bytes.writeUInt16BE(port, AT.port)
  bytes.writeUInt16BE(wished?.port ?? port, AT.outerPort)
  writeAddress(bytes, AT.outerAddress, wished?.address ?? '0.0.0.0')
  return bytes
}

/** Refused with `not-an-answer` when it is none to this question; else with what the router says. */
export function readPcpAnswer(bytes: Uint8Array, ask: PcpAsk): Result<Grant, string> {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  if (view[0] === 0 && view.length >= 4) return refuse(RESULTS[1]!)
  if (view.length < BYTES || view[0] !== VERSION || view[1] !== (ANSWER | MAP)) return refuse('not-an-answer')
  const isToUs =
    Buffer.compare(view.subarray(AT.nonce, AT.nonce + 12), ask.nonce) === 0 &&
    view.readUInt16BE(AT.port) === ask.port &&
    view[AT.protocol] === UDP
  if (!isToUs) return refuse('not-an-answer')
  const result = view[3]!
  if (result !== 0) return refuse(RESULTS[result] ?? `result ${result}`)
  return grantOf(
    view.subarray(AT.outerAddress, AT.outerAddress + 16),
    view.readUInt16BE(AT.outerPort),
    view.readUInt32BE(AT.lifetime),
  )
}

/** What cannot be an address of ours on the Internet is no grant. */
export function grantOf(address: Uint8Array, port: number, lifetimeS: number): Result<Grant, string> {
  const isMapped = address.length === 16 && Buffer.compare(address.subarray(0, 12), MAPPED_PREFIX) === 0
  const endpoint = normalEndpoint({ address: formatAddress(isMapped ? address.subarray(12) : address), port })
  if (endpoint === undefined || endpoint.address.includes(':') || NOWHERE.test(endpoint.address))
    return refuse('it names an address that is none')
  return lifetimeS === 0 ? refuse('it grants no time') : ok({ endpoint, lifetimeS })
}

const MAPPED_PREFIX = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff)
/** "This network", loopback, link-local, multicast and what lies above it. */
const NOWHERE = /^(0|127|169\.254|22[4-9]|2[3-5]\d)\./
