/**
 * Finds what a DATA frame belongs to. The key is the first half of the token as a small integer, because a map of
 * those is the fastest there is; tokens that share it stand in a chain.
 */
export interface Tokened<T> {
  /** 8 bytes. */
  readonly token: Uint8Array
  /** The next with the same first half; owned by the table. */
  next: T | undefined
}

const half = (bytes: Uint8Array, at: number): number =>
  (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!

const HALF = 4

export class TokenTable<T extends Tokened<T>> {
  readonly #first = new Map<number, T>()

  /** Whose token stands at `at`; the bytes reach that far. */
  find(bytes: Uint8Array, at: number): T | undefined {
    let each = this.#first.get(half(bytes, at))
    if (each === undefined) return undefined
    const rest = half(bytes, at + HALF)
    while (each !== undefined && half(each.token, HALF) !== rest) each = each.next
    return each
  }

  add(entry: T): void {
    const key = half(entry.token, 0)
    entry.next = this.#first.get(key)
    this.#first.set(key, entry)
  }

  remove(entry: T): void {
    const key = half(entry.token, 0)
    let each = this.#first.get(key)
    if (each === entry) {
      if (entry.next === undefined) this.#first.delete(key)
      else this.#first.set(key, entry.next)
    }
    for (; each !== undefined; each = each.next) if (each.next === entry) each.next = entry.next
  }
}
