/**
 * The data of an event as msgpack. Writing is deterministic and plain; reading builds values only from bytes
 * that the data grammar has already judged, so that msgpackr never meets an extension, a lying length or a key
 * that could reach a prototype.
 */
import { Packr } from 'msgpackr'
import { ok, type Result } from '../events/result.ts'
import { checkData, type DataFault } from './data-grammar.ts'

const packr = new Packr({
  useRecords: false,
  mapsAsObjects: true,
  variableMapSize: true,
  moreTypes: false,
  copyBuffers: true,
  int64AsType: 'number',
})

/**
 * Plain values as msgpack: shortest forms, keys in the order given. Throws if the value is not plain (dates,
 * undefined, lone surrogates, numbers that are not finite …) or too large: that is our own mistake.
 */
export function packData(value: unknown): Uint8Array {
  // A piece of a buffer that msgpackr fills from end to end and never writes to again: a copy of its own would be
  // memory outside of the heap, at the price of a hash.
  const { buffer, byteOffset, length } = packr.pack(value)
  const bytes = new Uint8Array(buffer, byteOffset, length)
  const checked = checkData(bytes)
  if (!checked.ok) throw new TypeError(`data cannot be packed: ${checked.why}`)
  return bytes
}

/**
 * The value of a stranger's data bytes: nothing but plain objects, arrays, texts, Uint8Arrays, numbers, booleans
 * and null, none of which share memory with the input.
 */
export function readData(bytes: Uint8Array): Result<unknown, DataFault> {
  const checked = checkData(bytes)
  if (!checked.ok) return checked
  const view = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)
  return ok(packr.unpack(view))
}
