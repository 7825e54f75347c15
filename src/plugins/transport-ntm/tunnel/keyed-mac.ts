/**
 * BLAKE2s-128 with one key for many messages (RFC 7693): the first thing that is asked of every handshake message,
 * also of the fifty thousand a second that a flood brings. The library's, which everything else here uses, spends ten
 * times as long, on objects and on the block of the key, which is the same every time.
 */
import { MAC_BYTES } from './constants.ts'

const BLOCK_BYTES = 64
const ROUNDS = 10
const WORDS = 8

const IV = Int32Array.of(
  ...[0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a],
  ...[0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19],
)
const SIGMA = Uint8Array.of(
  ...[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
  ...[14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3],
  ...[11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4],
  ...[7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8],
  ...[9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13],
  ...[2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9],
  ...[12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11],
  ...[13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10],
  ...[6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5],
  ...[10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0],
)

/** Nothing here waits for anything, so all share one place to work in. */
const work = new Int32Array(16)
const block = new Uint8Array(BLOCK_BYTES)
const words = new Int32Array(16)
const state = new Int32Array(WORDS)
const found = new Uint8Array(MAC_BYTES)

function mix(a: number, b: number, c: number, d: number, x: number, y: number): void {
  const v = work
  let [va, vb, vc, vd] = [v[a]!, v[b]!, v[c]!, v[d]!]
  va = (va + vb + x) | 0
  vd ^= va
  vd = (vd >>> 16) | (vd << 16)
  vc = (vc + vd) | 0
  vb ^= vc
  vb = (vb >>> 12) | (vb << 20)
  va = (va + vb + y) | 0
  vd ^= va
  vd = (vd >>> 8) | (vd << 24)
  vc = (vc + vd) | 0
  vb ^= vc
  vb = (vb >>> 7) | (vb << 25)
  v[a] = va
  v[b] = vb
  v[c] = vc
  v[d] = vd
}

/** Takes in the block, with which so many bytes have been taken in all. */
function compress(h: Int32Array, bytes: number, isLast: boolean): void {
  const [v, m, s] = [work, words, SIGMA]
  for (let n = 0, at = 0; n < 16; n += 1, at += 4)
    m[n] = block[at]! | (block[at + 1]! << 8) | (block[at + 2]! << 16) | (block[at + 3]! << 24)
  for (let n = 0; n < WORDS; n += 1) {
    v[n] = h[n]!
    v[n + WORDS] = IV[n]!
  }
  v[12] = v[12]! ^ bytes
  if (isLast) v[14] = ~v[14]!
  for (let at = 0; at < 16 * ROUNDS; at += 16) {
    mix(0, 4, 8, 12, m[s[at]!]!, m[s[at + 1]!]!)
    mix(1, 5, 9, 13, m[s[at + 2]!]!, m[s[at + 3]!]!)
    mix(2, 6, 10, 14, m[s[at + 4]!]!, m[s[at + 5]!]!)
    mix(3, 7, 11, 15, m[s[at + 6]!]!, m[s[at + 7]!]!)
    mix(0, 5, 10, 15, m[s[at + 8]!]!, m[s[at + 9]!]!)
    mix(1, 6, 11, 12, m[s[at + 10]!]!, m[s[at + 11]!]!)
    mix(2, 7, 8, 13, m[s[at + 12]!]!, m[s[at + 13]!]!)
    mix(3, 4, 9, 14, m[s[at + 14]!]!, m[s[at + 15]!]!)
  }
  for (let n = 0; n < WORDS; n += 1) h[n] = h[n]! ^ v[n]! ^ v[n + WORDS]!
}

export class KeyedMac {
  /** After the block of the key. */
  readonly #start = new Int32Array(IV)

  /** At most 32 bytes, and at least one. */
  constructor(key: Uint8Array) {
    this.#start[0] = IV[0]! ^ 0x0101_0000 ^ (key.length << 8) ^ MAC_BYTES
    block.fill(0).set(key)
    compress(this.#start, BLOCK_BYTES, false)
  }

  /** Of the first `length` bytes, of which there must be one at least. */
  of(message: Uint8Array, length = message.length): Uint8Array {
    this.#compute(message, length)
    return found.slice()
  }

  /** Whether the mac of the first `length` bytes stands behind them; in the same time whatever stands there. */
  fits(message: Uint8Array, length: number): boolean {
    this.#compute(message, length)
    let difference = 0
    for (let at = 0; at < MAC_BYTES; at += 1) difference |= found[at]! ^ message[length + at]!
    return difference === 0
  }

  #compute(message: Uint8Array, length: number): void {
    state.set(this.#start)
    for (let at = 0; at < length; at += BLOCK_BYTES) {
      const left = length - at
      if (left < BLOCK_BYTES) block.fill(0)
      const end = Math.min(at + BLOCK_BYTES, length)
      for (let from = at; from < end; from += 1) block[from - at] = message[from]!
      compress(state, BLOCK_BYTES + end, end === length)
    }
    for (let at = 0; at < MAC_BYTES; at += 1) found[at] = state[at >> 2]! >>> (8 * (at & 3))
  }
}
