/**
 * The other half of ByteReader: appends fields to a buffer that grows. Only our own code writes, so a value
 * that cannot be written throws.
 */

import { idToBytes } from '../events/ids.ts'

export class ByteWriter {
  #bytes: Uint8Array
  #at = 0

  /** `capacity`: a guess at the length; a wrong one costs a copy. */
  constructor(capacity = 256) {
    this.#bytes = new Uint8Array(capacity)
  }

  #reserve(count: number): void {
    if (this.#at + count <= this.#bytes.length) return
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#at + count))
    grown.set(this.#bytes)
    this.#bytes = grown
  }

  byte(value: number): this {
    this.#reserve(1)
    this.#bytes[this.#at] = value
    this.#at += 1
    return this
  }

  varint(value: number): this {
    if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`${value} cannot be a varint`)
    let rest = value
    while (rest >= 0x80) {
      this.byte((rest % 128) | 0x80)
      rest = Math.floor(rest / 128)
    }
    return this.byte(rest)
  }

  zigzag(value: number): this {
    return this.varint(value < 0 ? -value * 2 - 1 : value * 2)
  }

  put(bytes: Uint8Array): this {
    this.#reserve(bytes.length)
    this.#bytes.set(bytes, this.#at)
    this.#at += bytes.length
    return this
  }

  hex(hex: string): this {
    return this.put(idToBytes(hex))
  }

  ascii(text: string): this {
    return this.put(Buffer.from(text, 'latin1'))
  }

  /** What was written, in an array of its own. */
  finish(): Uint8Array {
    return this.#at === this.#bytes.length ? this.#bytes : this.#bytes.slice(0, this.#at)
  }
}
