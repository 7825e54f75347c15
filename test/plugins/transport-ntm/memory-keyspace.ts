/**
 * A keyspace in memory whose syncs take time and whose power can go: what was put but not yet committed is
 * lost then, as the contract says. Writes can be made to fail.
 */
import { ChatError } from '../../../src/kernel/api/errors.ts'
import type { Clock, Keyspace } from '../../../src/kernel/api/tokens.ts'

type Entry = readonly [key: string, value: Uint8Array | undefined]

export class MemoryKeyspace implements Keyspace {
  readonly #clock: Clock
  readonly #synced = new Map<string, Uint8Array>()
  #loose: Entry[] = []
  isFull = false
  writes = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    return this.#synced.get(key)
  }

  async *list(prefix: string): AsyncIterable<readonly [string, Uint8Array]> {
    for (const key of [...this.#synced.keys()].sort())
      if (key.startsWith(prefix)) yield [key, this.#synced.get(key)!]
  }

  write(entries: readonly Entry[]): Promise<void> {
    this.writes += 1
    return new Promise((resolve, reject) => {
      this.#clock.after(2, () => {
        if (this.isFull) return reject(new ChatError('DISK_FULL', 'the disk is full'))
        for (const entry of [...this.#loose, ...entries]) this.#apply(entry)
        this.#loose = []
        resolve()
      })
    })
  }

  put(key: string, value: Uint8Array | undefined): void {
    this.#loose.push([key, value])
    if (this.#loose.length === 1) this.#clock.after(50, () => this.#commit())
  }

  losePower(): void {
    this.#loose = []
  }

  /** Writes past every rule, for tests of damage. */
  plant(key: string, value: Uint8Array): void {
    this.#synced.set(key, value)
  }

  keys(prefix: string): readonly string[] {
    return [...this.#synced.keys()].filter(key => key.startsWith(prefix)).sort()
  }

  #commit(): void {
    for (const entry of this.#loose) this.#apply(entry)
    this.#loose = []
  }

  #apply([key, value]: Entry): void {
    if (value === undefined) this.#synced.delete(key)
    else this.#synced.set(key, value)
  }
}
