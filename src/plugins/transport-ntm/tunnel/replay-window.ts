/**
 * Which counters a session has already accepted. A ring of bits over the newest `size` counters (RFC 6479): a
 * counter is accepted once, in any order, unless it lies `size` or more behind the greatest one seen. The first
 * few counters need no ring, and most sessions of a server never see more.
 */

const WORD_BITS = 32

export class ReplayWindow {
  readonly #size: number
  /** The first counters, until one beyond them makes the ring. */
  #first = 0
  #ring: Uint32Array | undefined
  #greatest = -1

  /** @param size counters remembered, a multiple of 32 */
  constructor(size: number) {
    this.#size = size
  }

  /** The greatest counter accepted, -1 before the first. */
  get greatest(): number {
    return this.#greatest
  }

  /** Whether the counter could be accepted; cheap enough to ask before decrypting. */
  admits(counter: number): boolean {
    if (counter > this.#greatest) return true
    if (counter <= this.#greatest - this.#size) return false
    const ring = this.#ring
    const word = ring === undefined ? this.#first : ring[slotOf(counter, ring)]!
    return (word & (1 << (counter % WORD_BITS))) === 0
  }

  /** Marks an authentic counter that `admits` let through. */
  accept(counter: number): void {
    const bit = 1 << (counter % WORD_BITS)
    if (this.#ring === undefined && counter < WORD_BITS) {
      this.#first |= bit
      this.#greatest = Math.max(this.#greatest, counter)
      return
    }
    this.#ring ??= this.#newRing()
    if (counter > this.#greatest) this.#advance(this.#ring, counter)
    this.#ring[slotOf(counter, this.#ring)]! |= bit
  }

  #newRing(): Uint32Array {
    const ring = new Uint32Array(this.#size / WORD_BITS + 1)
    ring[0] = this.#first
    return ring
  }

  #advance(ring: Uint32Array, counter: number): void {
    const last = Math.floor(this.#greatest / WORD_BITS)
    const next = Math.floor(counter / WORD_BITS)
    const cleared = Math.min(next - last, ring.length)
    for (let n = 0; n < cleared; n++) ring[(next - n) % ring.length] = 0
    this.#greatest = counter
  }
}

const slotOf = (counter: number, ring: Uint32Array): number => Math.floor(counter / WORD_BITS) % ring.length
