/**
 * Reads what lies under a key: takes the sealed value from the disk, opens it, decodes it. A value that does
 * not read becomes one kind of error that names its place, and marks the log as damaged from then on.
 */
import type { Recorded } from '../events/envelope.ts'
import type { EventId } from '../events/ids.ts'
import type { Disk } from './disk.ts'
import { Keyspace, lastNumber } from './keyspace.ts'
import { StoreError } from './store-error.ts'
import { decodePosition, decodeRecord } from './values.ts'
import type { Vault } from './vault.ts'

const NOT_OPEN = 'its value was changed or sealed with another key'

export class Shelves {
  readonly disk: Disk
  readonly keys: Keyspace
  readonly #vault: Vault
  #damage: StoreError | undefined

  constructor(disk: Disk, vault: Vault, damage?: StoreError) {
    this.disk = disk
    this.#damage = damage
    this.#vault = vault
    this.keys = new Keyspace(vault)
  }

  /** The first damage that any reader met. */
  get damage(): StoreError | undefined {
    return this.#damage
  }

  damaged(place: string, why: string): StoreError {
    const error = new StoreError('damaged', `the log is damaged: ${place}: ${why}`, why)
    this.#damage ??= error
    return error
  }

  seal(key: Uint8Array, value: Uint8Array): Uint8Array {
    return this.#vault.seal(key, value)
  }

  /** The value that lies sealed under the key. Throws StoreError when it does not open or decode. */
  open<T>(
    key: Uint8Array,
    sealed: Uint8Array,
    place: string,
    decode: (bytes: Uint8Array) => T | undefined,
  ): T {
    const bytes = this.#vault.open(key, sealed)
    if (bytes === undefined) throw this.damaged(place, NOT_OPEN)
    const value = decode(bytes)
    if (value === undefined) throw this.damaged(place, 'its value does not decode')
    return value
  }

  async get<T>(
    key: Uint8Array,
    place: string,
    decode: (bytes: Uint8Array) => T | undefined,
  ): Promise<T | undefined> {
    const sealed = await this.disk.get(key)
    return sealed === undefined ? undefined : this.open(key, sealed, place, decode)
  }

  /** For the writer only. */
  getSync<T>(key: Uint8Array, place: string, decode: (bytes: Uint8Array) => T | undefined): T | undefined {
    const sealed = this.disk.getSync(key)
    return sealed === undefined ? undefined : this.open(key, sealed, place, decode)
  }

  positionOf(id: EventId): Promise<number | undefined> {
    return this.get(this.keys.id(id), `the index of event ${id}`, decodePosition)
  }

  positionOfSync(id: EventId): number | undefined {
    return this.getSync(this.keys.id(id), `the index of event ${id}`, decodePosition)
  }

  /** A record from its key and sealed value. On the hot path of every replay: words are made only for damage. */
  record(key: Uint8Array, sealed: Uint8Array | undefined): Recorded {
    const position = lastNumber(key)
    const bytes = sealed && this.#vault.open(key, sealed)
    if (bytes === undefined)
      throw this.damaged(
        `the record at position ${position}`,
        sealed === undefined ? 'it is missing' : NOT_OPEN,
      )
    const value = decodeRecord(bytes)
    if ('fault' in value)
      throw this.damaged(`the record at position ${position}`, `it is no sealed event: ${value.fault}`)
    const { receivedAt, via, event } = value
    return { position, receivedAt, via, status: 'admitted', event }
  }

  async recordAt(position: number): Promise<Recorded> {
    const key = this.keys.record(position)
    return this.record(key, await this.disk.get(key))
  }

  recordAtSync(position: number): Recorded {
    const key = this.keys.record(position)
    return this.record(key, this.disk.getSync(key))
  }
}
