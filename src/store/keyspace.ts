/**
 * The keyspace of the log, layout 1. A key is one byte of kind and fixed-width parts; K(x) is the vault's keyed
 * hash of the kind's name and x, so that a disk tells nobody who talks; position, seq and n are 6 bytes, big
 * endian, and stay ordered. Every value is sealed to its key, except those marked with *.
 *
 *   00                                          -> magic, layout, store id *         readable without the key
 *   01                                          -> a constant                        opens with the right key only
 *   10 position                                 -> receivedAt, via, envelope, signature, salt, data
 *   11 K(event id)                              -> position
 *   12 K(stream, author) seq position           -> empty *                           the author's chain, forks too
 *   13 K(stream) position                       -> empty *                           the stream in local order
 *   14 K(stream) position                       -> empty *                           its kept events
 *   15 K(stream) K(stream, author)              -> author, its branches (seq, id)    the tips
 *   16 K(stream)                                -> stream id
 *   20 K(name)                                  -> version, position, state          a projection's snapshot
 *   21 K(plugin) K(path) ...                    -> key, value                        what a plugin keeps
 *   30 n                                        -> at, about, what                   the journal, a ring
 *   31 K(about) n                               -> empty *
 *
 * Positions start at 1 and have no gaps. One batch writes everything that one commit changes.
 */
import { type DeviceId, type EventId, ID_BYTES, type StreamId } from '../events/ids.ts'
import type { Range } from './disk.ts'
import { VAULT_KEY_BYTES, type Vault } from './vault.ts'

export const LAYOUT = 1
/** Of a position, a seq, or the n of a journal entry. */
export const NUMBER_BYTES = 6
export const NUMBER_MAX = 2 ** 48 - 1

export const KIND = {
  layout: 0x00,
  check: 0x01,
  record: 0x10,
  id: 0x11,
  chain: 0x12,
  order: 0x13,
  kept: 0x14,
  tips: 0x15,
  stream: 0x16,
  snapshot: 0x20,
  own: 0x21,
  journal: 0x30,
  about: 0x31,
} as const
export type Kind = keyof typeof KIND

/** Streams, and chains of each, whose hashes are remembered: a burst asks for the same ones again and again. */
const MEMO_MAX = 256
/** Parts of a plugin's key that are hashed one by one; the rest is one part. */
const OWN_PARTS_MAX = 8

const join = (kind: Kind, ...parts: readonly Uint8Array[]): Buffer =>
  Buffer.concat([Uint8Array.of(KIND[kind]), ...parts])

const NO_HASH = new Uint8Array(0)

/** A kind, a hash and numbers. Apart from `join`, because every event needs several of these. */
function keyed(kind: Kind, hash: Uint8Array, ...numbers: readonly number[]): Buffer {
  const key = Buffer.allocUnsafe(1 + hash.length + numbers.length * NUMBER_BYTES)
  key[0] = KIND[kind]
  key.set(hash, 1)
  let at = 1 + hash.length
  for (const number of numbers) at = key.writeUIntBE(number, at, NUMBER_BYTES)
  return key
}

/** The number in the last 6 bytes of a key: a position, or the n of a journal entry. */
export const lastNumber = (key: Uint8Array): number =>
  Buffer.from(key.buffer, key.byteOffset, key.length).readUIntBE(key.length - NUMBER_BYTES, NUMBER_BYTES)

/** Every key that begins with the prefix. Prefixes end in a kind or a hash, so they never end in 0xff only. */
const under = (prefix: Uint8Array): Range => ({ gte: prefix, lt: after(prefix) })

function after(prefix: Uint8Array): Uint8Array {
  const next = Uint8Array.from(prefix)
  for (let at = next.length - 1; at >= 0; at -= 1) {
    next[at] = (next[at]! + 1) & 0xff
    if (next[at] !== 0) break
  }
  return next
}

/** For a kind and up to two ids: the vault has hashed them when it returns. */
const scratch = Buffer.alloc(1 + 2 * ID_BYTES)

interface StreamHashes {
  readonly hash: Uint8Array
  readonly chains: Map<DeviceId, Uint8Array>
}

/** Makes the keys of one store. */
export class Keyspace {
  readonly #vault: Vault
  readonly #memo = new Map<StreamId, StreamHashes>()

  constructor(vault: Vault) {
    this.#vault = vault
  }

  readonly layout = join('layout')
  readonly check = join('check')

  record(position: number): Uint8Array {
    return keyed('record', NO_HASH, position)
  }
  /** Records with positions in [from, to). */
  records(from = 0, to = NUMBER_MAX): Range {
    return { gte: this.record(from), lt: this.record(to) }
  }

  id(id: EventId): Uint8Array {
    return keyed('id', this.#hash('id', id))
  }

  chain(stream: StreamId, author: DeviceId, seq: number, position: number): Uint8Array {
    return keyed('chain', this.#chainHash(stream, author), seq, position)
  }
  /** The chain from a seq up to, not including, another. */
  chainFrom(stream: StreamId, author: DeviceId, seq: number, toSeq = NUMBER_MAX): Range {
    const hash = this.#chainHash(stream, author)
    return { gte: keyed('chain', hash, seq), lt: keyed('chain', hash, toSeq) }
  }

  order(stream: StreamId, position: number): Uint8Array {
    return keyed('order', this.#streamHash(stream), position)
  }
  /** The stream's entries with positions in [from, to). */
  orderOf(stream: StreamId, from = 0, to = NUMBER_MAX): Range {
    return { gte: this.order(stream, from), lt: this.order(stream, to) }
  }

  kept(stream: StreamId, position: number): Uint8Array {
    return keyed('kept', this.#streamHash(stream), position)
  }
  keptOf(stream: StreamId): Range {
    return { gte: this.kept(stream, 0), lt: this.kept(stream, NUMBER_MAX) }
  }

  tips(stream: StreamId, author: DeviceId): Uint8Array {
    return join('tips', this.#streamHash(stream), this.#chainHash(stream, author))
  }
  tipsOf(stream: StreamId): Range {
    return under(join('tips', this.#streamHash(stream)))
  }

  stream(stream: StreamId): Uint8Array {
    return join('stream', this.#streamHash(stream))
  }

  snapshot(name: string): Uint8Array {
    return join('snapshot', this.#hash('snapshot', Buffer.from(name)))
  }

  /** A plugin's key: one hash for each part up to a slash, so that a prefix that ends in one is a range. */
  own(plugin: string, key: string): Uint8Array {
    return join('own', ...this.#ownHashes(plugin, partsOf(key)))
  }
  /** Everything of the plugin below the last slash of the prefix; more than what begins with the prefix. */
  ownUnder(plugin: string, prefix: string): Range {
    const whole = partsOf(prefix).filter(part => part.endsWith('/'))
    // The last part of a deep key holds several, so only those before it can be told from the prefix.
    return under(join('own', ...this.#ownHashes(plugin, whole.slice(0, OWN_PARTS_MAX - 1))))
  }

  journal(n: number): Uint8Array {
    return keyed('journal', NO_HASH, n)
  }
  about(id: EventId | DeviceId, n: number): Uint8Array {
    return keyed('about', this.#hash('about', id), n)
  }
  aboutOf(id: EventId | DeviceId): Range {
    return { gte: this.about(id, 0), lt: this.about(id, NUMBER_MAX) }
  }

  /** Everything of one kind. */
  all(kind: Kind): Range {
    return under(join(kind))
  }

  #streamHash(stream: StreamId): Uint8Array {
    return this.#hashesOf(stream).hash
  }

  #chainHash(stream: StreamId, author: DeviceId): Uint8Array {
    const { chains } = this.#hashesOf(stream)
    const known = chains.get(author)
    if (known !== undefined) return known
    if (chains.size >= MEMO_MAX) chains.clear()
    const hash = this.#hash('chain', stream + author)
    chains.set(author, hash)
    return hash
  }

  #hashesOf(stream: StreamId): StreamHashes {
    const known = this.#memo.get(stream)
    if (known !== undefined) return known
    if (this.#memo.size >= MEMO_MAX) this.#memo.clear()
    const hashes = { hash: this.#hash('stream', stream), chains: new Map() }
    this.#memo.set(stream, hashes)
    return hashes
  }

  #ownHashes(plugin: string, parts: readonly string[]): Uint8Array[] {
    let path = `${plugin}\0`
    const hashes = [this.#hash('own', Buffer.from(path))]
    for (const part of parts) {
      path += part
      hashes.push(this.#hash('own', Buffer.from(path)))
    }
    return hashes
  }

  /** Ids are hashed as bytes, other names as they are. The kind keeps equal ids in different kinds apart. */
  #hash(kind: Kind, name: string | Uint8Array): Uint8Array {
    if (typeof name !== 'string') return this.#vault.keyOf(join(kind, name)).subarray(0, VAULT_KEY_BYTES)
    scratch[0] = KIND[kind]
    const end = 1 + scratch.write(name, 1, 'hex')
    return this.#vault.keyOf(scratch.subarray(0, end)).subarray(0, VAULT_KEY_BYTES)
  }
}

/** `a/b/c` -> `a/`, `b/`, `c`. */
function partsOf(key: string): string[] {
  const parts = key.split(/(?<=\/)/)
  if (parts.length <= OWN_PARTS_MAX) return parts
  return [...parts.slice(0, OWN_PARTS_MAX - 1), parts.slice(OWN_PARTS_MAX - 1).join('')]
}
