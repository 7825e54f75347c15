/**
 * One packet's worth of memory that is used again for every packet. The views that libsodium needs are made
 * once per length and kept for the common lengths, so that a data packet allocates nothing.
 */

import { DATAGRAM_BYTES, PADDING_BYTES } from './constants.ts'
import { DATA_HEADER_BYTES, writeUint32 } from './messages.ts'

/** Views of packets up to this length are kept. */
const KEPT_BYTES = 2_048

export class PacketScratch {
  readonly bytes = new Uint8Array(DATAGRAM_BYTES + PADDING_BYTES)
  /** ChaCha20-Poly1305 nonce: four zero bytes, then the counter. */
  readonly nonce = new Uint8Array(12)
  readonly #wholes: (Uint8Array | undefined)[] = new Array(KEPT_BYTES).fill(undefined)
  readonly #bodies: (Uint8Array | undefined)[] = new Array(KEPT_BYTES).fill(undefined)

  /** The first `length` bytes. */
  whole(length: number): Uint8Array {
    if (length >= KEPT_BYTES) return this.bytes.subarray(0, length)
    return (this.#wholes[length] ??= this.bytes.subarray(0, length))
  }

  /** `length` bytes behind the data header. */
  body(length: number): Uint8Array {
    if (length >= KEPT_BYTES) return this.bytes.subarray(DATA_HEADER_BYTES, DATA_HEADER_BYTES + length)
    return (this.#bodies[length] ??= this.bytes.subarray(DATA_HEADER_BYTES, DATA_HEADER_BYTES + length))
  }

  nonceFor(counter: number): Uint8Array {
    writeUint32(this.nonce, 4, counter)
    writeUint32(this.nonce, 8, Math.floor(counter / 0x1_0000_0000))
    return this.nonce
  }
}
