/**
 * Which name is whose. The first to claim a name holds it, refreshes it by records with growing serials, and
 * never loses it to anybody: only the operator can release a name, and then its former holder does not get it
 * back by simply still running (SPEC.md §4).
 */
import type { PersonId } from '../../../events/ids.ts'
import { packData, readData } from '../../../wire/msgpack.ts'
import {
  type Countersignature,
  readNameRecord,
  type SignedNameRecord,
  supersedes,
} from '../../../wire/name-record.ts'
import { NAMES_MAX } from './limits.ts'

/**
 * A name and the record that was countersigned last; `isReleased` when nobody holds it any more. There are
 * many of them, so what can be read out of the record again is not kept beside it.
 */
export interface NameEntry {
  readonly person: PersonId
  readonly serial: number
  /** Of the record's body, as hex. */
  readonly hash: string
  /** The countersigned record. */
  readonly bytes: Uint8Array
  readonly isReleased: boolean
}

/**
 * `fresh`: nobody holds it. `released`: nobody does, but this very person did once. `newer`: its holder's
 * next record. `same`: the record that is known. `older`, `taken`, `full`: refused.
 */
export type ClaimVerdict = 'fresh' | 'released' | 'newer' | 'same' | 'older' | 'taken' | 'full'

/** `record.bytes` must be the countersigned form. */
export const nameEntry = (
  record: Pick<SignedNameRecord, 'person' | 'serial' | 'hash' | 'bytes'>,
  isReleased = false,
): NameEntry => {
  const { person, serial, hash, bytes } = record
  return { person, serial, hash: hexOf(hash), bytes, isReleased }
}

const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

/** Whether the entry's record says the very same. */
export const saysTheSame = (entry: NameEntry, record: SignedNameRecord): boolean =>
  entry.hash === hexOf(record.hash)

/** The coordinator's signature on an entry's record. */
export function countersignatureOf(entry: NameEntry): Countersignature | undefined {
  const record = readNameRecord(entry.bytes)
  return record.ok ? record.value.countersignature : undefined
}

export const encodeNameEntry = ({ bytes, isReleased }: NameEntry): Uint8Array => packData([bytes, isReleased])

/** What was kept of a name, or undefined if it cannot be read. */
export function decodeNameEntry(
  kept: Uint8Array,
): { readonly name: string; readonly entry: NameEntry } | undefined {
  const read = readData(kept)
  const [bytes, isReleased] = (read.ok && Array.isArray(read.value) ? read.value : []) as unknown[]
  if (!(bytes instanceof Uint8Array) || typeof isReleased !== 'boolean') return undefined
  const record = readNameRecord(bytes)
  if (!record.ok || record.value.countersignature === undefined) return undefined
  const entry = nameEntry(record.value, isReleased)
  return { name: record.value.name, entry }
}

export class Names {
  readonly #entries = new Map<string, NameEntry>()

  get size(): number {
    return this.#entries.size
  }

  /** What to do with a record whose signature and proof hold. Changes nothing. */
  judge(record: SignedNameRecord): ClaimVerdict {
    const entry = this.#entries.get(record.name)
    if (entry === undefined) return this.#entries.size < NAMES_MAX ? 'fresh' : 'full'
    if (entry.isReleased) return entry.person === record.person ? 'released' : 'fresh'
    const known = { ...entry, hash: Buffer.from(entry.hash, 'hex') }
    const outcome = supersedes(known, record)
    return outcome === 'different-person' ? 'taken' : outcome
  }

  /** Takes in what is on disk now. */
  put(name: string, entry: NameEntry): void {
    this.#entries.set(name, entry)
  }

  /** The entry of a name that somebody holds. */
  held(name: string): NameEntry | undefined {
    const entry = this.#entries.get(name)
    return entry?.isReleased ? undefined : entry
  }

  /** All that are held, by name. */
  list(): readonly (readonly [name: string, entry: NameEntry])[] {
    return [...this.#entries]
      .filter(([, entry]) => !entry.isReleased)
      .sort(([one], [other]) => (one < other ? -1 : 1))
  }
}
