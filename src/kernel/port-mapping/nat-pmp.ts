/**
 * NAT-PMP (RFC 6886), the older and simpler way to ask a router for a UDP port: one question for its address, one
 * for the port.
 */
import { ok, type Result, refuse } from '../../events/result.ts'
import { type Grant, grantOf } from './pcp.ts'

const VERSION = 0
const ADDRESS = 0
const MAP_UDP = 1
const ANSWER = 0x80
const ADDRESS_BYTES = 12
const MAP_BYTES = 16
const RESULTS = [
  '',
  'unsupported version',
  'not authorised',
  'network failure',
  'no resources',
  'unsupported',
]

export const natPmpAddressRequest = (): Uint8Array => Uint8Array.of(VERSION, ADDRESS)

/** A lifetime of 0 ends the mapping; then nothing else may be wished for. */
export function natPmpMapRequest(port: number, wishedPort: number, lifetimeS: number): Uint8Array {
  const bytes = Buffer.alloc(12)
  bytes[1] = MAP_UDP
  bytes.writeUInt16BE(port, 4)
  bytes.writeUInt16BE(lifetimeS === 0 ? 0 : wishedPort, 6)
  bytes.writeUInt32BE(lifetimeS, 8)
  return bytes
}

const faultOf = (view: Buffer, opcode: number, length: number): string | undefined => {
  if (view.length < 4 || view[0] !== VERSION || view[1] !== (ANSWER | opcode)) return 'not-an-answer'
  const result = view.readUInt16BE(2)
  if (result !== 0) return RESULTS[result] ?? `result ${result}`
  return view.length < length ? 'not-an-answer' : undefined
}

const viewOf = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)

/** The 4 bytes of the router's own address. */
export function readNatPmpAddress(bytes: Uint8Array): Result<Uint8Array, string> {
  const view = viewOf(bytes)
  const fault = faultOf(view, ADDRESS, ADDRESS_BYTES)
  return fault === undefined ? ok(new Uint8Array(view.subarray(8, 12))) : refuse(fault)
}

/** The grant for `port` by the router whose address was told before. */
export function readNatPmpMapping(
  bytes: Uint8Array,
  port: number,
  routerAddress: Uint8Array,
): Result<Grant, string> {
  const view = viewOf(bytes)
  const fault = faultOf(view, MAP_UDP, MAP_BYTES)
  if (fault !== undefined) return refuse(fault)
  if (view.readUInt16BE(8) !== port) return refuse('not-an-answer')
  return grantOf(routerAddress, view.readUInt16BE(10), view.readUInt32BE(12))
}
