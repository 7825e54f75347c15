/**
 * Who is to be woken next. A binary heap whose members know their places, so that a wake-up is moved or taken back
 * without a search; whoever waits for nothing is not in it.
 */
export interface Sleeper {
  /** -1: not in the heap. */
  heapIndex: number
  wakeAtMs: number
}

export class WakeHeap<T extends Sleeper> {
  readonly #heap: T[] = []

  get first(): T | undefined {
    return this.#heap[0]
  }

  /** undefined: not at all. */
  set(sleeper: T, atMs: number | undefined): void {
    if (atMs === undefined) this.remove(sleeper)
    else if (sleeper.heapIndex < 0) {
      sleeper.wakeAtMs = atMs
      this.#put(this.#heap.length, sleeper)
      this.#rise(sleeper)
    } else if (atMs < sleeper.wakeAtMs) {
      sleeper.wakeAtMs = atMs
      this.#rise(sleeper)
    } else if (atMs > sleeper.wakeAtMs) {
      sleeper.wakeAtMs = atMs
      this.#sink(sleeper)
    }
  }

  remove(sleeper: T): void {
    const at = sleeper.heapIndex
    if (at < 0) return
    sleeper.heapIndex = -1
    const last = this.#heap.pop()!
    if (last === sleeper) return
    this.#put(at, last)
    this.#rise(last)
    this.#sink(last)
  }

  #put(at: number, sleeper: T): void {
    this.#heap[at] = sleeper
    sleeper.heapIndex = at
  }

  #rise(sleeper: T): void {
    let at = sleeper.heapIndex
    while (at > 0) {
      const above = this.#heap[(at - 1) >>> 1]!
      if (above.wakeAtMs <= sleeper.wakeAtMs) break
      const place = above.heapIndex
      this.#put(at, above)
      at = place
    }
    this.#put(at, sleeper)
  }

  #sink(sleeper: T): void {
    let at = sleeper.heapIndex
    for (;;) {
      let below = this.#heap[2 * at + 1]
      const right = this.#heap[2 * at + 2]
      if (right !== undefined && below !== undefined && right.wakeAtMs < below.wakeAtMs) below = right
      if (below === undefined || below.wakeAtMs >= sleeper.wakeAtMs) break
      const place = below.heapIndex
      this.#put(at, below)
      at = place
    }
    this.#put(at, sleeper)
  }
}
