/**
 * Walks the bytes of an envelope. The first fault is kept and everything after it reads as zero, so that the
 * codec can be written as one straight list of fields and ask once, at the end, whether all was well.
 */

import type { EventId } from '../events/ids.ts'
import { ID_BYTES } from '../events/ids.ts'
import { SEEN_MAX, TYPE_MAX_BYTES } from './limits.ts'

export type EnvelopeFault =
  | 'too-long'
  | 'truncated'
  | 'trailing'
  | 'not-an-envelope'
  | 'not-an-id'
  | 'not-an-integer'
  | 'integer-not-shortest'
  | 'integer-too-large'
  | 'not-a-type'
  | 'too-many-seen'
  | 'seen-not-sorted'
  | 'seen-cites-prev'
  | 'prev-and-seq-disagree'
  | 'not-a-founding-event'
  | 'needs-newer'

const BIN8 = 0xc4
const STR8 = 0xd9
const NIL = 0xc0
const ID_FIELD_BYTES = ID_BYTES + 2
/** The least integer that needs 1, 2, 4 or 8 bytes. */
const LEAST: readonly number[] = [0x80, 0x1_00, 0x1_0000, 0x1_0000_0000]

export class EnvelopeCursor {
  readonly #bytes: Buffer
  #at = 0
  #fault: EnvelopeFault | undefined

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  }

  #fail(fault: EnvelopeFault): 0 {
    this.#fault ??= this.#at > this.#bytes.length ? 'truncated' : fault
    return 0
  }

  byte(): number {
    const value = this.#bytes[this.#at]
    this.#at += 1
    return value ?? this.#fail('truncated')
  }

  /** An unsigned integer in its shortest form, at most `max`. */
  integer(max: number): number {
    const head = this.byte()
    if (head < 0x80) return head
    if (head < 0xcc || head > 0xcf) return this.#fail('not-an-integer')
    const size = head - 0xcc
    const width = 1 << size
    const start = this.#at
    this.#at += width
    if (this.#at > this.#bytes.length) return this.#fail('truncated')
    const value = this.#unsigned(start, width)
    if (value < LEAST[size]!) return this.#fail('integer-not-shortest')
    return value <= max ? value : this.#fail('integer-too-large')
  }

  /** Big endian, of 1 to 8 bytes; beyond 2^53 it is not exact, and too large anyway. */
  #unsigned(start: number, width: number): number {
    let value = 0
    for (let at = start; at < start + width; at += 1) value = value * 0x100 + this.#bytes[at]!
    return value
  }

  /** 32 bytes under a bin8 head, as hex. */
  id<T extends string>(): T {
    const bytes = this.#bytes
    const start = this.#at
    this.#at += ID_FIELD_BYTES
    if (this.#at > bytes.length || bytes[start] !== BIN8 || bytes[start + 1] !== ID_BYTES) {
      this.#fail('not-an-id')
      return '' as T
    }
    return bytes.toString('hex', start + 2, this.#at) as T
  }

  idOrNil(): EventId | undefined {
    if (this.#bytes[this.#at] !== NIL) return this.id<EventId>()
    this.#at += 1
    return undefined
  }

  ids(): EventId[] {
    const count = this.byte() - 0x90
    const ids: EventId[] = []
    if (count < 0 || count > SEEN_MAX) this.#fail('too-many-seen')
    else for (let index = 0; index < count; index += 1) ids.push(this.id<EventId>())
    return ids
  }

  /** 1 to 64 graphic ASCII characters. */
  type(): string {
    const head = this.byte()
    const length = head === STR8 ? this.byte() : head - 0xa0
    const isShortest = head === STR8 ? length >= 32 : length < 32
    const start = this.#at
    this.#at += Math.max(length, 0)
    if (length < 1 || length > TYPE_MAX_BYTES || !isShortest || this.#at > this.#bytes.length) {
      this.#fail('not-a-type')
      return ''
    }
    for (let index = start; index < this.#at; index += 1) {
      const character = this.#bytes[index]!
      if (character < 0x21 || character > 0x7e) this.#fail('not-a-type')
    }
    return this.#bytes.toString('latin1', start, this.#at)
  }

  /** The first fault of the walk, if any; bytes left over are one. */
  finish(): EnvelopeFault | undefined {
    if (this.#fault === undefined && this.#at < this.#bytes.length) this.#fault = 'trailing'
    return this.#fault
  }
}
