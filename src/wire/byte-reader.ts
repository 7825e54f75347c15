/**
 * Reads a stranger's bytes in order. The first short or ill-formed field marks the reader as failed and every
 * later one reads as zero or empty, so a decoder is a straight list of fields with one question at its end.
 */

import { ID_BYTES } from '../events/ids.ts'

/** Groups of seven bits that a varint may have: 2^53 − 1 needs eight. */
const VARINT_MAX_BYTES = 8

export class ByteReader {
  readonly #bytes: Uint8Array
  #at: number
  #failed = false

  constructor(bytes: Uint8Array, start = 0) {
    this.#bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)
    this.#at = start
  }

  get failed(): boolean {
    return this.#failed
  }

  get remaining(): number {
    return this.#bytes.length - this.#at
  }

  /** Whether everything was read, and well. */
  get finished(): boolean {
    return !this.#failed && this.remaining === 0
  }

  fail(): 0 {
    this.#failed = true
    return 0
  }

  byte(): number {
    const value = this.#bytes[this.#at]
    if (this.#failed || value === undefined) return this.fail()
    this.#at += 1
    return value
  }

  /** An unsigned LEB128 integer in its shortest form, at most `max` (by default 2^53 − 1). */
  varint(max = Number.MAX_SAFE_INTEGER): number {
    let value = 0
    let scale = 1
    for (let index = 0; index < VARINT_MAX_BYTES; index += 1) {
      const byte = this.byte()
      value += (byte & 0x7f) * scale
      scale *= 128
      if (byte >= 0x80) continue
      const isShortest = byte !== 0 || index === 0
      return isShortest && value <= max ? value : this.fail()
    }
    return this.fail()
  }

  /** A signed integer as zigzag: 0, −1, 1, −2 … are 0, 1, 2, 3 … */
  zigzag(): number {
    const value = this.varint()
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2
  }

  /** The next `count` bytes, as a view of the input. */
  take(count: number): Uint8Array {
    if (this.#failed || count < 0 || count > this.remaining) {
      this.fail()
      return new Uint8Array(0)
    }
    this.#at += count
    return this.#bytes.subarray(this.#at - count, this.#at)
  }

  /** The next `count` bytes as hex. */
  hex(count: number): string {
    const bytes = this.take(count)
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex')
  }

  id<T extends string>(): T {
    return this.hex(ID_BYTES) as T
  }

  /** The next `count` bytes as text; what is not ASCII fails. */
  ascii(count: number): string {
    const bytes = this.take(count)
    if (bytes.some(byte => byte > 0x7f)) this.fail()
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
  }

  rest(): Uint8Array {
    return this.take(this.remaining)
  }
}
