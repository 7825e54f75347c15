/**
 * A hash of what all devices share about a stream: which events it has and which of them count. An event's id
 * commits to its data hash and its whole past, so a sum of ids says all of that, in whatever order they arrived.
 * For comparing honest devices and for replay; a sum is no defence against who crafts events to collide.
 */
import type { Opened } from '../events/envelope.ts'
import { type EventId, ID_BYTES, idToBytes, type StreamId } from '../events/ids.ts'
import { labelledHashHex } from '../wire/hash.ts'

const STREAM_STATE_LABEL = 'ntm.state.stream.1'
const LANES = ID_BYTES / 4
const idBytes = Buffer.alloc(ID_BYTES)

/** Ids added as eight sums modulo 2^32. */
class IdSum {
  readonly #lanes = new Uint32Array(LANES)
  #count = 0

  add(id: EventId): void {
    idBytes.write(id, 0, 'hex')
    for (let at = 0; at < LANES; at += 1) this.#lanes[at]! += idBytes.readUInt32BE(4 * at)
    this.#count += 1
  }

  /** The sums and how many ids there were, big endian. */
  bytes(): Uint8Array {
    const bytes = Buffer.alloc(ID_BYTES + 6)
    this.#lanes.forEach((lane, at) => {
      bytes.writeUInt32BE(lane, 4 * at)
    })
    bytes.writeUIntBE(this.#count, ID_BYTES, 6)
    return bytes
  }
}

export class StreamHash {
  readonly #stream: StreamId
  readonly #events = new IdSum()
  readonly #voids = new IdSum()
  readonly #tips = new Set<EventId>()

  constructor(stream: StreamId) {
    this.#stream = stream
  }

  /** Adds an event whose causes were added before. */
  add({ id, envelope: { prev } }: Opened): void {
    this.#events.add(id)
    if (prev !== undefined) this.#tips.delete(prev)
    this.#tips.add(id)
  }

  /** An event added before does not count after all. */
  void(id: EventId): void {
    this.#voids.add(id)
  }

  /** H('ntm.state.stream.1' ‖ stream ‖ events ‖ voids ‖ tips in order), as hex. */
  finish(): string {
    const tips = idToBytes([...this.#tips].sort().join(''))
    return labelledHashHex(
      STREAM_STATE_LABEL,
      idToBytes(this.#stream),
      this.#events.bytes(),
      this.#voids.bytes(),
      tips,
    )
  }
}
