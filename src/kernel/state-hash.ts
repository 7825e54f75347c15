/**
 * A hash of what all devices share about a stream: which events it has, which of them count, and how they hang
 * together. It is a sum, so it does not depend on the order of arrival, and equal logs have equal hashes. For
 * comparing honest devices and for replay; a sum is no defence against somebody who crafts events to collide.
 */
import type { Opened } from '../events/envelope.ts'
import { type EventId, idToBytes, type StreamId } from '../events/ids.ts'
import { labelledHash, labelledHashHex } from '../wire/hash.ts'

const EVENT_STATE_LABEL = 'ntm.state.1'
const STREAM_STATE_LABEL = 'ntm.state.stream.1'
const COUNTS = 0
const VOID = 1
const LANES = 8

/** id ‖ standing ‖ depth; the id commits to the data hash. */
const message = Buffer.alloc(32 + 1 + 6)

export class StreamHash {
  readonly #stream: StreamId
  /** Eight sums modulo 2^32. */
  readonly #lanes = new Uint32Array(LANES)
  /** Length of the longest way back through `prev` and `seen`. */
  readonly #depths = new Map<EventId, number>()
  readonly #tips = new Set<EventId>()
  #events = 0

  constructor(stream: StreamId) {
    this.#stream = stream
  }

  /** Adds an event whose causes were added before, as one that counts. */
  add({ id, envelope }: Opened): void {
    const { prev, seen } = envelope
    let depth = prev === undefined ? 0 : this.#depthOf(prev) + 1
    for (const cited of seen) depth = Math.max(depth, this.#depthOf(cited) + 1)
    this.#depths.set(id, depth)
    this.#tips.add(id)
    if (prev !== undefined) this.#tips.delete(prev)
    this.#events += 1
    this.#sum(id, COUNTS, 1)
  }

  /** An event added before does not count after all. */
  void(id: EventId): void {
    this.#sum(id, COUNTS, -1)
    this.#sum(id, VOID, 1)
  }

  finish(): string {
    const numbers = Buffer.alloc(LANES * 4 + 6)
    this.#lanes.forEach((lane, at) => {
      numbers.writeUInt32BE(lane, at * 4)
    })
    numbers.writeUIntBE(this.#events, LANES * 4, 6)
    const tips = [...this.#tips].sort().join('')
    return labelledHashHex(STREAM_STATE_LABEL, idToBytes(this.#stream), numbers, idToBytes(tips))
  }

  #depthOf(id: EventId): number {
    return this.#depths.get(id) ?? -1
  }

  #sum(id: EventId, standing: number, sign: 1 | -1): void {
    message.write(id, 0, 'hex')
    message[32] = standing
    message.writeUIntBE(this.#depths.get(id) ?? 0, 33, 6)
    const hash = labelledHash(EVENT_STATE_LABEL, message)
    const words = new DataView(hash.buffer, hash.byteOffset)
    for (let at = 0; at < LANES; at += 1) this.#lanes[at]! += sign * words.getUint32(at * 4)
  }
}
