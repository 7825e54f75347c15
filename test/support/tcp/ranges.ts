/**
 * Which numbers of a stream have come: all below a prefix, and islands above it. Small and slow enough to be right
 * by looking at it.
 */
export class Ranges {
  /** Everything below has come. */
  prefix = 0
  /** Sorted, apart from each other, all above the prefix. */
  readonly #islands: [from: number, to: number][] = []

  add(from: number, to: number): void {
    if (to <= this.prefix || from >= to) return
    let [left, right] = [from, to]
    for (let at = this.#islands.length - 1; at >= 0; at -= 1) {
      const [first, last] = this.#islands[at]!
      if (first > right || last < left) continue
      left = Math.min(left, first)
      right = Math.max(right, last)
      this.#islands.splice(at, 1)
    }
    if (left <= this.prefix) {
      this.prefix = Math.max(this.prefix, right)
      return
    }
    const at = this.#islands.findIndex(([first]) => first > left)
    this.#islands.splice(at < 0 ? this.#islands.length : at, 0, [left, right])
  }

  has(from: number, to: number): boolean {
    if (to <= this.prefix) return true
    const left = Math.max(from, this.prefix)
    return this.#islands.some(([first, last]) => first <= left && to <= last)
  }
}
