/**
 * Messages that do not fit into one inner datagram, cut into parts and joined again. A record with a few
 * devices is larger than a datagram, and inner packets are never fragmented. A part's message id is a hash of
 * the message, so the parts of a retransmission complete those of the first attempt.
 */
import { ok, type Result, refuse } from '../../../events/result.ts'
import { labelledHash } from '../../../wire/hash.ts'
import {
  ASSEMBLIES_PER_SENDER,
  ASSEMBLY_TIMEOUT_MS,
  DATAGRAM_MAX_BYTES,
  MESSAGE_MAX_BYTES,
  PART_HEADER_BYTES,
  PARTS_MAX,
} from './limits.ts'

/** A byte that no msgpack begins with. */
const PART = 0xc1
const PART_LABEL = 'ntm.part.1'
const PART_BYTES = DATAGRAM_MAX_BYTES - PART_HEADER_BYTES
const SENDERS_MAX = 1024

export type PartFault = 'part-malformed' | 'part-empty'

/** The datagrams of one message: the message itself if it fits. Throws beyond the largest message. */
export function splitMessage(message: Uint8Array): readonly Uint8Array[] {
  if (message.length <= DATAGRAM_MAX_BYTES) return [message]
  if (message.length > MESSAGE_MAX_BYTES) throw new RangeError(`a message of ${message.length} bytes`)
  const hash = labelledHash(PART_LABEL, message).subarray(0, 4)
  const count = Math.ceil(message.length / PART_BYTES)
  return Array.from({ length: count }, (_, index) =>
    Buffer.concat([
      Uint8Array.of(PART),
      hash,
      Uint8Array.of(index, count),
      message.subarray(index * PART_BYTES, (index + 1) * PART_BYTES),
    ]),
  )
}

interface Assembly {
  readonly parts: (Uint8Array | undefined)[]
  missing: number
  readonly sinceMs: number
}

/** Joins parts again. Holds a bounded number of half messages for a bounded number of senders. */
export class Assembler {
  readonly #senders = new Map<string, Map<string, Assembly>>()

  /** The whole message once it is there, undefined while parts are missing. May return a view of `bytes`. */
  take(sender: string, bytes: Uint8Array, nowMs: number): Result<Uint8Array | undefined, PartFault> {
    if (bytes.length === 0) return refuse('part-empty')
    if (bytes[0] !== PART) return ok(bytes)
    const index = bytes[5] ?? 0
    const count = bytes[6] ?? 0
    const isLast = index === count - 1
    const size = bytes.length - PART_HEADER_BYTES
    const isSized = isLast ? size > 0 && size <= PART_BYTES : size === PART_BYTES
    if (count < 2 || count > PARTS_MAX || index >= count || !isSized) return refuse('part-malformed')
    return ok(this.#join(sender, bytes, index, count, nowMs))
  }

  #join(
    sender: string,
    bytes: Uint8Array,
    index: number,
    count: number,
    nowMs: number,
  ): Uint8Array | undefined {
    const key = `${Buffer.from(bytes.subarray(1, 5)).toString('hex')}/${count}`
    const assemblies = this.#of(sender)
    let assembly = assemblies.get(key)
    if (assembly === undefined || nowMs - assembly.sinceMs > ASSEMBLY_TIMEOUT_MS) {
      assembly = { parts: new Array(count).fill(undefined), missing: count, sinceMs: nowMs }
      assemblies.delete(key)
      evictOldest(assemblies, ASSEMBLIES_PER_SENDER)
      assemblies.set(key, assembly)
    }
    if (assembly.parts[index] !== undefined) return undefined
    assembly.parts[index] = new Uint8Array(bytes.subarray(PART_HEADER_BYTES))
    assembly.missing -= 1
    if (assembly.missing > 0) return undefined
    assemblies.delete(key)
    if (assemblies.size === 0) this.#senders.delete(sender)
    return Buffer.concat(assembly.parts as Uint8Array[])
  }

  #of(sender: string): Map<string, Assembly> {
    const known = this.#senders.get(sender)
    if (known !== undefined) return known
    evictOldest(this.#senders, SENDERS_MAX)
    const fresh = new Map<string, Assembly>()
    this.#senders.set(sender, fresh)
    return fresh
  }
}

/** Makes room for one more. */
function evictOldest(map: Map<string, unknown>, most: number): void {
  if (map.size < most) return
  const [oldest] = map.keys()
  map.delete(oldest!)
}
