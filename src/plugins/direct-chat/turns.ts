/**
 * Keeps what is said in the order in which it was said, although somebody new has to be looked up, accepted and
 * introduced first: what comes next would find all that done and overtake. Each waits until those before it have got
 * as far as their own writing, and no longer.
 */
export class Turns {
  readonly #last = new Map<string, Promise<unknown>>()

  /** Prepares when all that was asked before for this key has been prepared, or has failed. */
  async prepared<T>(key: string, prepare: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key)
    const turn = before === undefined ? prepare() : before.then(prepare, prepare)
    this.#last.set(key, turn)
    try {
      return await turn
    } finally {
      if (this.#last.get(key) === turn) this.#last.delete(key)
    }
  }
}
