/**
 * Which tables of a LevelDB directory count, by its manifest: a process that ends while LevelDB compacts leaves
 * half a table behind that belongs to nothing, and LevelDB removes it at the next start. Formats: LevelDB's
 * `doc/log_format.md` and `db/version_edit.cc`.
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ByteReader } from '../wire/byte-reader.ts'
import { crc32c, masked } from './crc32c.ts'

const BLOCK_BYTES = 32_768
const HEADER_BYTES = 7
const FRAGMENT = { full: 1, first: 2, middle: 3, last: 4 } as const

/** A piece of a record, whole and sound: records that do not fit into a block are cut. */
interface Fragment {
  readonly type: number
  readonly bytes: Buffer
  /** Where the next one begins. */
  readonly next: number
}

/** The fragment at this place of a block that ends at `end`; undefined when it does not read. */
export function readFragment(journal: Buffer, at: number, end: number): Fragment | undefined {
  const next = at + HEADER_BYTES + journal.readUInt16LE(at + 4)
  const type = journal[at + 6]!
  if (type < FRAGMENT.full || type > FRAGMENT.last || next > end) return undefined
  if (journal.readUInt32LE(at) !== masked(crc32c(journal, at + 6, next))) return undefined
  return { type, bytes: journal.subarray(at + HEADER_BYTES, next), next }
}

/** The blocks of a journal, each with the place where its last fragment may begin at the latest. */
export function* journalBlocks(
  journal: Buffer,
): Generator<{ start: number; end: number; lastStart: number }> {
  for (let start = 0; start < journal.length; start += BLOCK_BYTES) {
    const end = Math.min(start + BLOCK_BYTES, journal.length)
    yield { start, end, lastStart: end - HEADER_BYTES }
  }
}

/** The records up to the first that does not read. */
function* records(journal: Buffer): Generator<Buffer> {
  let parts: Buffer[] = []
  for (const { start, end, lastStart } of journalBlocks(journal)) {
    for (let at = start; at <= lastStart; ) {
      const fragment = readFragment(journal, at, end)
      if (fragment === undefined) return
      if (fragment.type === FRAGMENT.full || fragment.type === FRAGMENT.first) parts = []
      parts.push(fragment.bytes)
      if (fragment.type === FRAGMENT.full || fragment.type === FRAGMENT.last) yield Buffer.concat(parts)
      at = fragment.next
    }
  }
}

/** Applies one edit of the manifest to the set of table numbers; false when it does not read. */
function applyEdit(edit: Buffer, tables: Set<number>): boolean {
  const reader = new ByteReader(edit)
  const text = (): Uint8Array => reader.take(reader.varint())
  while (reader.remaining > 0 && !reader.failed) {
    const tag = reader.varint()
    if (tag === 1) text()
    else if (tag === 2 || tag === 3 || tag === 4 || tag === 9) reader.varint()
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

/** The numbers of the tables that a manifest lists; undefined when it does not read. */
export function tablesIn(manifest: Uint8Array): ReadonlySet<number> | undefined {
  const tables = new Set<number>()
  const bytes = Buffer.from(manifest.buffer, manifest.byteOffset, manifest.length)
  for (const edit of records(bytes)) if (!applyEdit(edit, tables)) return undefined
  return tables
}

/** The tables that count in this directory; undefined when its manifest cannot tell. */
export async function liveTables(location: string): Promise<ReadonlySet<number> | undefined> {
  try {
    const current = await readFile(join(location, 'CURRENT'), 'utf8')
    return tablesIn(await readFile(join(location, current.trim())))
  } catch {
    return undefined
  }
}
