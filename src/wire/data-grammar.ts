/**
 * Judges the msgpack of an event's data without building anything from it. A general decoder recurses and
 * allocates as the bytes tell it to, and turns extensions into live objects; so a stranger's bytes pass here
 * first, in one walk whose depth and cost are bounded by the limits and by the bytes themselves.
 */
import { ok, type Result, refuse } from '../events/result.ts'
import { DATA_DEPTH_MAX, DATA_MAX_BYTES } from './limits.ts'
import { isUtf8 } from './utf8.ts'

export type DataFault =
  | 'too-long'
  | 'truncated'
  | 'trailing'
  | 'too-deep'
  | 'extension'
  | 'duplicate-key'
  | 'key-not-text'
  | 'forbidden-key'
  | 'not-utf8'
  | 'integer-too-large'
  | 'not-finite'

const SAFE_HIGH = 0x1f_ffff
const FORBIDDEN_KEY = '__proto__'

class Walk {
  readonly #bytes: Buffer
  #at = 0
  fault: DataFault | undefined

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  }

  get finished(): boolean {
    return this.#at === this.#bytes.length
  }

  #fail(fault: DataFault): false {
    this.fault ??= fault
    return false
  }

  #skip(count: number): boolean {
    if (count > this.#bytes.length - this.#at) return this.#fail('truncated')
    this.#at += count
    return true
  }

  /** A big-endian length of 1, 2 or 4 bytes; -1 when it is cut off. */
  #length(width: 1 | 2 | 4): number {
    const at = this.#at
    if (!this.#skip(width)) return -1
    return this.#bytes.readUIntBE(at, width)
  }

  value(depth: number): boolean {
    const head = this.#bytes[this.#at]
    if (head === undefined) return this.#fail('truncated')
    this.#at += 1
    if (head <= 0x7f || head >= 0xe0) return true
    if (head <= 0x8f) return this.#map(head & 0x0f, depth)
    if (head <= 0x9f) return this.#array(head & 0x0f, depth)
    if (head <= 0xbf) return this.#text(head & 0x1f)
    return this.#headed(head, depth)
  }

  #headed(head: number, depth: number): boolean {
    switch (head) {
      case 0xc0:
      case 0xc2:
      case 0xc3:
        return true
      case 0xc4:
        return this.#bin(this.#length(1))
      case 0xc5:
        return this.#bin(this.#length(2))
      case 0xc6:
        return this.#bin(this.#length(4))
      case 0xca:
        return this.#float(4)
      case 0xcb:
        return this.#float(8)
      case 0xcf:
        return this.#wide(0, SAFE_HIGH)
      case 0xd3:
        return this.#wide(-SAFE_HIGH - 1, SAFE_HIGH)
      case 0xd9:
        return this.#text(this.#length(1))
      case 0xda:
        return this.#text(this.#length(2))
      case 0xdb:
        return this.#text(this.#length(4))
      case 0xdc:
        return this.#array(this.#length(2), depth)
      case 0xdd:
        return this.#array(this.#length(4), depth)
      case 0xde:
        return this.#map(this.#length(2), depth)
      case 0xdf:
        return this.#map(this.#length(4), depth)
      default:
        return this.#narrowInteger(head)
    }
  }

  #narrowInteger(head: number): boolean {
    if (head >= 0xcc && head <= 0xce) return this.#skip(1 << (head - 0xcc))
    if (head >= 0xd0 && head <= 0xd2) return this.#skip(1 << (head - 0xd0))
    return this.#fail('extension')
  }

  #bin(length: number): boolean {
    return length >= 0 && this.#skip(length)
  }

  #text(length: number): boolean {
    const start = this.#at
    if (length < 0 || !this.#skip(length)) return false
    return isUtf8(this.#bytes, start, this.#at) || this.#fail('not-utf8')
  }

  #float(width: 4 | 8): boolean {
    const at = this.#at
    if (!this.#skip(width)) return false
    const value = width === 4 ? this.#bytes.readFloatBE(at) : this.#bytes.readDoubleBE(at)
    return Number.isFinite(value) || this.#fail('not-finite')
  }

  /** 64-bit integers, judged by their upper half: within ±(2^53 − 1), as every language can hold. */
  #wide(lowestHigh: number, highestHigh: number): boolean {
    const at = this.#at
    if (!this.#skip(8)) return false
    const high = lowestHigh < 0 ? this.#bytes.readInt32BE(at) : this.#bytes.readUInt32BE(at)
    const isLowest = high === lowestHigh && lowestHigh < 0 && this.#bytes.readUInt32BE(at + 4) === 0
    return (high >= lowestHigh && high <= highestHigh && !isLowest) || this.#fail('integer-too-large')
  }

  /** The walk ends with the bytes, so a length that lies costs no more than they do. */
  #enters(length: number, depth: number): boolean {
    if (length < 0) return false
    return depth < DATA_DEPTH_MAX || this.#fail('too-deep')
  }

  #array(length: number, depth: number): boolean {
    if (!this.#enters(length, depth)) return false
    for (let index = 0; index < length; index += 1) if (!this.value(depth + 1)) return false
    return true
  }

  #map(length: number, depth: number): boolean {
    if (!this.#enters(length, depth)) return false
    const keys = length > 1 ? new Set<string>() : undefined
    for (let index = 0; index < length; index += 1) {
      const key = this.#key()
      if (key === undefined) return false
      if (keys?.has(key)) return this.#fail('duplicate-key')
      keys?.add(key)
      if (!this.value(depth + 1)) return false
    }
    return true
  }

  /** The bytes of a text key, one character each, or undefined with the fault set. */
  #key(): string | undefined {
    const head = this.#bytes[this.#at] ?? 0xc0
    if ((head < 0xa0 || head > 0xbf) && (head < 0xd9 || head > 0xdb)) {
      this.#fail(this.finished ? 'truncated' : 'key-not-text')
      return undefined
    }
    const start = this.#at + (head <= 0xbf ? 1 : 1 + (1 << (head - 0xd9)))
    if (!this.value(DATA_DEPTH_MAX)) return undefined
    const key = this.#bytes.toString('latin1', start, this.#at)
    if (key !== FORBIDDEN_KEY) return key
    this.#fail('forbidden-key')
    return undefined
  }
}

/** Whether the bytes are one value of the data grammar (SPEC.md §5) and nothing after it. */
export function checkData(bytes: Uint8Array): Result<undefined, DataFault> {
  if (bytes.length > DATA_MAX_BYTES) return refuse('too-long')
  const walk = new Walk(bytes)
  if (!walk.value(0)) return refuse(walk.fault ?? 'truncated')
  return walk.finished ? ok(undefined) : refuse('trailing')
}
