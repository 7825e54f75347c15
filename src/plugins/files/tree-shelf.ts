/**
 * Where the hashes of a file are kept: in the plugin's part of the store, a group at a time, so that a file of any size
 * needs the memory of one group. A sender sends from here; a receiver judges by it what it has already after a restart.
 */
import type { Keyspace } from '../../kernel/api/index.ts'

export class TreeShelf {
  readonly #keyspace: Keyspace

  constructor(keyspace: Keyspace) {
    this.#keyspace = keyspace
  }

  keepLeaves(tree: string, group: number, leaves: Uint8Array): Promise<void> {
    return this.#keyspace.write([[leavesKey(tree, group), leaves]])
  }

  leaves(tree: string, group: number): Promise<Uint8Array | undefined> {
    return this.#keyspace.get(leavesKey(tree, group))
  }

  /** The nodes of all groups, and the list of a folder. */
  async keepTop(tree: string, nodes: Uint8Array, list: Uint8Array | undefined): Promise<void> {
    await this.#keyspace.write([
      [`tree/${tree}/nodes`, nodes],
      [`tree/${tree}/list`, list],
    ])
  }

  async nodes(tree: string): Promise<Uint8Array | undefined> {
    return this.#keyspace.get(`tree/${tree}/nodes`)
  }

  list(tree: string): Promise<Uint8Array | undefined> {
    return this.#keyspace.get(`tree/${tree}/list`)
  }

  async forget(tree: string): Promise<void> {
    const gone: [string, undefined][] = []
    for await (const [key] of this.#keyspace.list(`tree/${tree}/`)) gone.push([key, undefined])
    if (gone.length > 0) await this.#keyspace.write(gone)
  }
}

const leavesKey = (tree: string, group: number): string =>
  `tree/${tree}/leaves/${group.toString(16).padStart(8, '0')}`
