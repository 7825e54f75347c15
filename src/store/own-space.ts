/**
 * What one plugin keeps, as the plugin sees it: its own keys in the clear, whatever hashes lie on the disk.
 */
import type { Shelves } from './shelves.ts'
import { decodeOwn, type OwnPair } from './values.ts'

export class OwnSpace {
  readonly #shelves: Shelves
  readonly #plugin: string
  /** Lets what was written before finish, so that a plugin reads what it wrote. */
  readonly #settled: () => Promise<void>

  constructor(shelves: Shelves, plugin: string, settled: () => Promise<void>) {
    this.#shelves = shelves
    this.#plugin = plugin
    this.#settled = settled
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    await this.#settled()
    const pair = await this.#shelves.get(
      this.#shelves.keys.own(this.#plugin, key),
      this.#place(key),
      decodeOwn,
    )
    return pair?.[1]
  }

  /**
   * Pairs whose key begins with the prefix, by key. Reads everything below the prefix's last slash and holds
   * it until the end, because on the disk the keys are hashed: keep what is listed below a slash of its own.
   */
  async *list(prefix: string): AsyncGenerator<OwnPair> {
    await this.#settled()
    const pairs: OwnPair[] = []
    const { disk, keys } = this.#shelves
    for await (const [key, sealed] of disk.range(keys.ownUnder(this.#plugin, prefix))) {
      const pair = this.#shelves.open(key, sealed, this.#place(`${prefix}…`), decodeOwn)
      if (pair[0].startsWith(prefix)) pairs.push(pair)
    }
    yield* pairs.sort(([a], [b]) => (a < b ? -1 : 1))
  }

  #place(key: string): string {
    return `the entry ${key} of ${this.#plugin}`
  }
}
