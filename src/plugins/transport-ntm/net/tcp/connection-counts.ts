/**
 * How many connections each peer holds, so that one cannot take what is there for all.
 */
import type { VirtualAddress } from '../address.ts'

const keyOf = (address: VirtualAddress): string => Buffer.from(address).toString('latin1')

export class ConnectionCounts {
  readonly #counts = new Map<string, number>()

  countOf(address: VirtualAddress): number {
    return this.#counts.get(keyOf(address)) ?? 0
  }

  came(address: VirtualAddress): void {
    this.#counts.set(keyOf(address), this.countOf(address) + 1)
  }

  left(address: VirtualAddress): void {
    const count = this.countOf(address) - 1
    if (count > 0) this.#counts.set(keyOf(address), count)
    else this.#counts.delete(keyOf(address))
  }
}
