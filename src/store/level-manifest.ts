/**
 * Which files of a LevelDB directory count, by its manifest: a process that ends while LevelDB compacts leaves
 * half a table behind that belongs to nothing, and LevelDB removes it at the next start. Formats: LevelDB's
 * `doc/log_format.md` and `db/version_edit.cc`.
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ByteReader } from '../wire/byte-reader.ts'
import { recordsOf } from './level-journal.ts'

/** What counts in a directory. */
interface Listing {
  readonly tables: ReadonlySet<number>
  /** Older journals are in tables already. */
  readonly firstJournal: number
}

/** Applies one edit of the manifest; false when it does not read. */
function applyEdit(edit: Buffer, listing: { tables: Set<number>; firstJournal: number }): boolean {
  const { tables } = listing
  const reader = new ByteReader(edit)
  const text = (): Uint8Array => reader.take(reader.varint())
  while (reader.remaining > 0 && !reader.failed) {
    const tag = reader.varint()
    if (tag === 1) text()
    else if (tag === 2) listing.firstJournal = reader.varint()
    else if (tag === 3 || tag === 4 || tag === 9) reader.varint()
    else if (tag === 5) {
      reader.varint()
      text()
    } else if (tag === 6) {
      reader.varint()
      tables.delete(reader.varint())
    } else if (tag === 7) {
      reader.varint()
      tables.add(reader.varint())
      reader.varint()
      text()
      text()
    } else return false
  }
  return !reader.failed
}

/** What a manifest lists; undefined when it does not read. */
export function listedIn(manifest: Uint8Array): Listing | undefined {
  const listing = { tables: new Set<number>(), firstJournal: 0 }
  for (const edit of recordsOf(manifest)) if (!applyEdit(edit, listing)) return undefined
  return listing
}

/** The name of the manifest that counts; undefined when CURRENT does not tell. */
export async function manifestOf(location: string): Promise<string | undefined> {
  const current = await readFile(join(location, 'CURRENT'), 'utf8').catch(() => '')
  return /^(MANIFEST-\d+)\n$/.exec(current)?.[1]
}

/** What counts in this directory; undefined when its manifest cannot tell. */
export async function readListing(location: string): Promise<Listing | undefined> {
  const manifest = await manifestOf(location)
  if (manifest === undefined) return undefined
  const bytes = await readFile(join(location, manifest)).catch(() => undefined)
  return bytes && listedIn(bytes)
}
