/**
 * What one side has sent and may have to send again, so that it can be seen whether it is the same the second time. A ring
 * that grows: a gigabyte passes through it, and what is acknowledged is forgotten.
 */
const RING_BYTES = 4096

export class SentBytes {
  #ring = new Uint8Array(0)
  #base = 0
  #end = 0

  /** True where these bytes agree with what was sent at these offsets before; new ones are remembered. */
  agrees(offset: number, bytes: Uint8Array): boolean {
    if (bytes.length === 0) return true
    if (this.#end === 0) [this.#base, this.#end] = [offset, offset]
    const end = offset + bytes.length
    if (end - this.#base > this.#ring.length) this.#grow(end - this.#base)
    const mask = this.#ring.length - 1
    const [known, fresh] = [Math.max(offset, this.#base), Math.max(offset, this.#end)]
    for (let at = known; at < Math.min(end, this.#end); at += 1)
      if (this.#ring[at & mask] !== bytes[at - offset]) return false
    this.#keep(fresh, bytes.subarray(fresh - offset))
    this.#end = Math.max(this.#end, end)
    return true
  }

  /** The other side has everything below. */
  forget(below: number): void {
    this.#base = Math.max(this.#base, Math.min(below, this.#end))
  }

  #keep(offset: number, bytes: Uint8Array): void {
    const at = offset & (this.#ring.length - 1)
    const first = bytes.subarray(0, this.#ring.length - at)
    this.#ring.set(first, at)
    this.#ring.set(bytes.subarray(first.length), 0)
  }

  #grow(needed: number): void {
    const old = this.#ring
    let size = Math.max(old.length, RING_BYTES)
    while (size < needed) size *= 2
    this.#ring = new Uint8Array(size)
    for (let at = this.#base; at < this.#end; at += 1)
      this.#ring[at & (size - 1)] = old[at & (old.length - 1)]!
  }
}
