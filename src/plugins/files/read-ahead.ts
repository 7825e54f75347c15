/** Blocks that will be needed next are read while those before them leave. */
export class ReadAhead {
  readonly #read: (index: number) => Promise<Uint8Array>
  readonly #blocks: number
  readonly #ahead: number
  readonly #reading = new Map<number, Promise<Uint8Array>>()

  /** `blocks`: how many there are; `ahead`: how many are read before they are asked for. */
  constructor(read: (index: number) => Promise<Uint8Array>, blocks: number, ahead: number) {
    this.#read = read
    this.#blocks = blocks
    this.#ahead = ahead
  }

  block(index: number): Promise<Uint8Array> {
    const end = Math.min(this.#blocks, index + 1 + this.#ahead)
    for (const known of this.#reading.keys()) if (known < index || known >= end) this.#reading.delete(known)
    for (let next = index; next < end; next += 1) {
      if (this.#reading.has(next)) continue
      const reading = this.#read(next)
      // Whoever asks for the block hears of it.
      reading.catch(() => undefined)
      this.#reading.set(next, reading)
    }
    const asked = this.#reading.get(index)!
    this.#reading.delete(index)
    return asked
  }
}
