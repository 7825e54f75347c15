/**
 * Checks the files of a LevelDB directory by their checksums, without LevelDB: a damaged block would end the
 * process in an assertion, and a hole in its journal would be passed over in silence. Formats: LevelDB's
 * `doc/table_format.md` and `doc/log_format.md`. Reads only.
 */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ByteReader } from '../wire/byte-reader.ts'
import { crc32c, masked } from './crc32c.ts'
import { journalBlocks, liveTables, readFragment } from './level-manifest.ts'

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
  for (const { start, end, lastStart } of journalBlocks(journal)) {
    let at = start
    let stopped: number | undefined
    while (at <= lastStart && stopped === undefined) {
      const fragment = readFragment(journal, at, end)
      if (fragment === undefined) stopped = at
      else at = fragment.next
    }
    const isReadable = stopped !== start
    if (hole !== undefined && isReadable)
      return [{ file, offset: hole, what: 'the journal of LevelDB has a hole' }]
    hole ??= stopped
  }
  return []
}

/** Every damage in the tables that count. */
export async function checkTables(location: string): Promise<FileDamage[]> {
  const live = await liveTables(location)
  const found = await filesOf(location, /^(\d+)\.(?:ldb|sst)$/)
  const damage: FileDamage[] = []
  for (const [file, number] of found) {
    const bytes = live === undefined || live.has(number) ? await read(location, file) : undefined
    if (bytes !== undefined) damage.push(...checkTable(file, bytes))
  }
  return damage
}

/** Holes in the journals that LevelDB would replay when it opens. */
export async function checkJournals(location: string): Promise<FileDamage[]> {
  const damage: FileDamage[] = []
  for (const [file] of await filesOf(location, /^(\d+)\.log$/)) {
    const bytes = await read(location, file)
    if (bytes !== undefined) damage.push(...checkJournal(file, bytes))
  }
  return damage
}

/** Files by name, with their numbers. */
async function filesOf(
  location: string,
  pattern: RegExp,
): Promise<(readonly [file: string, number: number])[]> {
  const names = (await readdir(location)).sort()
  return names.flatMap(name => {
    const match = pattern.exec(name)
    return match === null ? [] : [[name, Number(match[1])] as const]
  })
}

/** A file that vanished meanwhile was replaced by LevelDB. */
const read = (location: string, file: string): Promise<Uint8Array | undefined> =>
  readFile(join(location, file)).catch(() => undefined)
