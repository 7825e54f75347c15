/**
 * Chance that repeats: the same seed gives the same numbers. Only for worlds and tests; keys drawn from it are
 * worth nothing.
 */
import type { Random } from '../api/index.ts'

/** xoshiro128** (Blackman and Vigna), seeded by splitmix32. */
export class SeededRandom implements Random {
  readonly #state = new Uint32Array(4)

  constructor(seed: number) {
    let mixed = seed >>> 0
    for (let at = 0; at < 4; at += 1) {
      mixed = (mixed + 0x9e3779b9) >>> 0
      let word = mixed
      word = Math.imul(word ^ (word >>> 16), 0x21f0aaad)
      word = Math.imul(word ^ (word >>> 15), 0x735a2d97)
      this.#state[at] = word ^ (word >>> 15)
    }
  }

  next(): number {
    return ((this.#word() >>> 5) * 2 ** 26 + (this.#word() >>> 6)) / 2 ** 53
  }

  bytes(count: number): Uint8Array {
    const out = new Uint8Array(count)
    for (let at = 0; at < count; at += 1) out[at] = this.#word() >>> 24
    return out
  }

  /** A whole number in [least, most]. */
  between(least: number, most: number): number {
    return least + Math.floor(this.next() * (most - least + 1))
  }

  /** A source of its own, so that one part's draws do not move another's. */
  fork(): SeededRandom {
    return new SeededRandom(this.#word())
  }

  #word(): number {
    const s = this.#state
    const times5 = Math.imul(s[1]!, 5)
    const result = Math.imul((times5 << 7) | (times5 >>> 25), 9) >>> 0
    const shifted = s[1]! << 9
    s[2]! ^= s[0]!
    s[3]! ^= s[1]!
    s[1]! ^= s[2]!
    s[0]! ^= s[3]!
    s[2]! ^= shifted
    s[3] = (s[3]! << 11) | (s[3]! >>> 21)
    return result
  }
}
