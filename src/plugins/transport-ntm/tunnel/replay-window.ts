/**
 * Which counters a session has already accepted. A ring of bits over the newest `size` counters (RFC 6479): a
 * counter is accepted once, in any order, unless it lies `size` or more behind the greatest one seen.
 */

const WORD_BITS = 32

export class ReplayWindow {
  readonly #size: number
  readonly #words: Uint32Array
  #greatest = -1

  /** @param size counters remembered, a multiple of 32 */
  constructor(size: number) {
    this.#size = size
    this.#words = new Uint32Array(size / WORD_BITS + 1)
  }

  /** The greatest counter accepted, -1 before the first. */
  get greatest(): number {
    return this.#greatest
  }

  /** Whether the counter could be accepted; cheap enough to ask before decrypting. */
  admits(counter: number): boolean {
    if (counter > this.#greatest) return true
    if (counter <= this.#greatest - this.#size) return false
    return (this.#words[this.#slot(counter)]! & (1 << (counter % WORD_BITS))) === 0
  }

  /** Marks an authentic counter that `admits` let through. */
  accept(counter: number): void {
    if (counter > this.#greatest) this.#advance(counter)
    this.#words[this.#slot(counter)]! |= 1 << (counter % WORD_BITS)
  }

  #slot(counter: number): number {
    return Math.floor(counter / WORD_BITS) % this.#words.length
  }

  #advance(counter: number): void {
    const last = Math.floor(this.#greatest / WORD_BITS)
    const next = Math.floor(counter / WORD_BITS)
    const cleared = Math.min(next - last, this.#words.length)
    for (let n = 0; n < cleared; n++) this.#words[(next - n) % this.#words.length] = 0
    this.#greatest = counter
  }
}
