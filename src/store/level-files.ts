/**
 * Checks the files of a LevelDB directory by their checksums, without LevelDB: a damaged block would end the
 * process in an assertion, and a hole in its journal would be passed over in silence. Formats: LevelDB's
 * `doc/table_format.md` and `doc/log_format.md`. Reads only.
 */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ByteReader } from '../wire/byte-reader.ts'
import { crc32c, masked } from './crc32c.ts'

/** Where a block lies in a table, without its trailer. */
export interface Block {
  readonly offset: number
  readonly size: number
}

export interface FileDamage {
  readonly file: string
  readonly offset: number
  readonly what: string
  /** What has to be emptied for the rest to be read; undefined when nothing helps. */
  readonly block?: Block
}

const FOOTER_BYTES = 48
const MAGIC = Buffer.from('57fb808b247547db', 'hex')
/** Behind each block: its compression, and a checksum over both. */
const TRAILER_BYTES = 5
const JOURNAL_BLOCK_BYTES = 32_768
const JOURNAL_HEADER_BYTES = 7
const RECORD_TYPE_MAX = 4

const bufferOf = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)

function readBlock(reader: ByteReader): Block {
  const offset = reader.varint()
  return { offset, size: reader.varint() }
}

const isSound = (table: Buffer, { offset, size }: Block): boolean =>
  offset + size + TRAILER_BYTES <= table.length &&
  table.readUInt32LE(offset + size + 1) === masked(crc32c(table, offset, offset + size + 1))

/** The blocks that the entries of an index block name; undefined when it does not read. */
function blocksIn(table: Buffer, { offset, size }: Block): Block[] | undefined {
  if (size < 4) return undefined
  const contents = table.subarray(offset, offset + size)
  const end = size - 4 - 4 * contents.readUInt32LE(size - 4)
  if (end < 0) return undefined
  const reader = new ByteReader(contents.subarray(0, end))
  const blocks: Block[] = []
  while (reader.remaining > 0 && !reader.failed) {
    reader.varint()
    const keyBytes = reader.varint()
    const valueBytes = reader.varint()
    reader.take(keyBytes)
    blocks.push(readBlock(new ByteReader(reader.take(valueBytes))))
  }
  return reader.failed ? undefined : blocks
}

/** Every block of a table that does not match its checksum. */
export function checkTable(file: string, bytes: Uint8Array): FileDamage[] {
  const table = bufferOf(bytes)
  const footer = Math.max(0, table.length - FOOTER_BYTES)
  const lost = (what: string): FileDamage[] => [{ file, offset: footer, what }]
  if (!table.subarray(-MAGIC.length).equals(MAGIC)) return lost('the table is cut off or is no table')
  const reader = new ByteReader(table, footer)
  const [meta, index] = [readBlock(reader), readBlock(reader)]
  const data = !reader.failed && isSound(table, index) ? blocksIn(table, index) : undefined
  if (data === undefined) return lost('the index of the table is damaged')
  const damaged = (block: Block, what: string): FileDamage => ({ file, offset: block.offset, what, block })
  // Without the block that names the filters LevelDB reads the table without filters.
  const filters = isSound(table, meta) ? blocksIn(table, meta) : undefined
  const unfiltered = filters?.every(filter => isSound(table, filter)) === true ? [] : [meta]
  return [
    ...unfiltered.map(block => damaged(block, 'the filter of the table is damaged')),
    ...data
      .filter(block => !isSound(table, block))
      .map(block => damaged(block, 'a block does not match its checksum')),
  ]
}

/**
 * The first hole in LevelDB's own journal, if something readable lies behind it. An unreadable end is what a
 * power loss leaves of writes that nobody was told of, and no damage.
 */
export function checkJournal(file: string, bytes: Uint8Array): FileDamage[] {
  const journal = bufferOf(bytes)
  let hole: number | undefined
  for (let start = 0; start < journal.length; start += JOURNAL_BLOCK_BYTES) {
    const end = Math.min(start + JOURNAL_BLOCK_BYTES, journal.length)
    const stopped = readJournalBlock(journal, start, end)
    if (hole !== undefined && (stopped === undefined || stopped > start))
      return [{ file, offset: hole, what: 'the journal of LevelDB has a hole' }]
    hole ??= stopped
  }
  return []
}

/** Where in the block reading had to stop; undefined when it reads to its end. */
function readJournalBlock(journal: Buffer, start: number, end: number): number | undefined {
  let at = start
  while (end - at >= JOURNAL_HEADER_BYTES) {
    const next = at + JOURNAL_HEADER_BYTES + journal.readUInt16LE(at + 4)
    const type = journal[at + 6]!
    if (type === 0 || type > RECORD_TYPE_MAX || next > end) return at
    if (journal.readUInt32LE(at) !== masked(crc32c(journal, at + 6, next))) return at
    at = next
  }
  return undefined
}

/** Checks all files of a kind in a directory; files that vanish meanwhile were replaced by LevelDB. */
async function checkFiles(
  location: string,
  pattern: RegExp,
  check: (file: string, bytes: Uint8Array) => FileDamage[],
): Promise<FileDamage[]> {
  const damage: FileDamage[] = []
  for (const file of (await readdir(location)).sort()) {
    if (!pattern.test(file)) continue
    const bytes = await readFile(join(location, file)).catch(() => undefined)
    if (bytes !== undefined) damage.push(...check(file, bytes))
  }
  return damage
}

export const checkTables = (location: string): Promise<FileDamage[]> =>
  checkFiles(location, /^\d+\.(?:ldb|sst)$/, checkTable)

export const checkJournals = (location: string): Promise<FileDamage[]> =>
  checkFiles(location, /^\d+\.log$/, checkJournal)
