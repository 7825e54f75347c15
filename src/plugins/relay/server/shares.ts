/**
 * Who has how many of something, and which of them was not heard from for longest. So that nobody takes all slots,
 * those of one holder are counted, and those from one network: keys are to be had for nothing, networks are not.
 */
export class Shares<T> {
  readonly #max: number
  /** Of each, the longest unheard first. */
  readonly #byOwner = new Map<string, Set<T>>()

  constructor(max: number) {
    this.#max = max
  }

  /** Whether this one has as many as one may have. */
  isFull(owner: string): boolean {
    return (this.#byOwner.get(owner)?.size ?? 0) >= this.#max
  }

  longestUnheard(owner: string): T | undefined {
    const [longest] = this.#byOwner.get(owner) ?? []
    return longest
  }

  heard(owner: string, one: T): void {
    const all = this.#byOwner.get(owner) ?? new Set()
    all.delete(one)
    this.#byOwner.set(owner, all.add(one))
  }

  remove(owner: string, one: T): void {
    const all = this.#byOwner.get(owner)
    all?.delete(one)
    if (all?.size === 0) this.#byOwner.delete(owner)
  }
}
