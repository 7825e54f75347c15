/**
 * Disjoint ranges of offsets in order: what has arrived beyond a gap. Most arrivals lengthen the last range, so that
 * is tried before any search.
 */
export class Ranges {
  /** Pairs of first and behind-last offset; no two touch. */
  readonly #bounds: number[] = []
  /** In all of them. */
  bytes = 0

  get count(): number {
    return this.#bounds.length / 2
  }

  from(index: number): number {
    return this.#bounds[2 * index]!
  }

  to(index: number): number {
    return this.#bounds[2 * index + 1]!
  }

  /** Behind the last of all; 0 where there is none. */
  get end(): number {
    return this.#bounds.at(-1) ?? 0
  }

  /** The range that holds `offset`, or -1. */
  indexOf(offset: number): number {
    const index = this.#firstEndingAt(offset + 1)
    return index < this.count && this.from(index) <= offset ? index : -1
  }

  /** Adds `[from, to)`, which is not empty, and joins it with what it touches. */
  add(from: number, to: number): void {
    const bounds = this.#bounds
    this.bytes += to - from
    const last = bounds.length - 1
    if (last > 0 && bounds[last] === from) {
      bounds[last] = to
      return
    }
    const first = this.#firstEndingAt(from)
    let behind = first
    let [joinedFrom, joinedTo] = [from, to]
    while (behind < this.count && this.from(behind) <= to) {
      joinedFrom = Math.min(joinedFrom, this.from(behind))
      joinedTo = Math.max(joinedTo, this.to(behind))
      this.bytes -= Math.min(to, this.to(behind)) - Math.max(from, this.from(behind))
      behind++
    }
    bounds.splice(2 * first, 2 * (behind - first), joinedFrom, joinedTo)
  }

  /** Takes the first range away and says where it ended. */
  shift(): number {
    const [from, to] = this.#bounds.splice(0, 2)
    this.bytes -= to! - from!
    return to!
  }

  /** The first range that ends at `offset` or behind it. */
  #firstEndingAt(offset: number): number {
    let [low, high] = [0, this.count]
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.to(middle) < offset) low = middle + 1
      else high = middle
    }
    return low
  }
}
