/**
 * Checks the files of a LevelDB directory by their checksums, without LevelDB: a damaged block would end the
 * process in an assertion, and a hole in its journal would be passed over in silence. Formats: LevelDB's
 * `doc/table_format.md` and `doc/log_format.md`. Reads only.
 */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ByteReader } from '../wire/byte-reader.ts'
import { crc32c, masked } from './crc32c.ts'
import { examineJournal } from './level-journal.ts'
import { manifestOf, readListing } from './level-manifest.ts'

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
  /** The disk does not give it away at all. */
  readonly isUnreadable?: true
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

/** Every damage in the tables that count. */
export async function checkTables(location: string): Promise<FileDamage[]> {
  const listing = await readListing(location)
  const damage: FileDamage[] = []
  for (const [file, number] of await filesOf(location, /^(\d+)\.(?:ldb|sst)$/))
    if (listing === undefined || listing.tables.has(number))
      damage.push(...(await examine(location, file, bytes => checkTable(file, bytes))))
  return damage
}

interface Journals {
  readonly damage: readonly FileDamage[]
  /** Where a write begins that was never finished. LevelDB drops it, and nobody was told of it. */
  readonly torn: readonly { readonly file: string; readonly offset: number }[]
}

/** The manifest, and the journals that LevelDB would replay when it opens. */
export async function checkJournals(location: string): Promise<Journals> {
  const damage: FileDamage[] = []
  const torn: Journals['torn'][number][] = []
  const look = async (file: string, isFollowed: boolean, canBridge: boolean): Promise<boolean> => {
    let isEmpty = true
    const found = await examine(location, file, bytes => {
      const state = examineJournal(bytes, isFollowed)
      if (state.tornAt !== undefined) torn.push({ file, offset: state.tornAt })
      isEmpty = state.isEmpty
      return state.holes.map(({ what, ...block }) => ({
        file,
        offset: block.offset,
        what,
        ...(canBridge && { block }),
      }))
    })
    damage.unshift(...found)
    return !isEmpty
  }
  const firstJournal = (await readListing(location))?.firstJournal ?? 0
  let isFollowed = false
  // The youngest first: while another process writes, a journal is whole before the next one has anything in it.
  for (const [file, number] of (await filesOf(location, /^(\d+)\.log$/)).reverse())
    if (number >= firstJournal) isFollowed = (await look(file, isFollowed, true)) || isFollowed
  const manifest = await manifestOf(location)
  if (manifest !== undefined) await look(manifest, false, false)
  return { damage, torn }
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
async function examine(
  location: string,
  file: string,
  check: (bytes: Uint8Array) => FileDamage[],
): Promise<FileDamage[]> {
  try {
    return check(await readFile(join(location, file)))
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === undefined) throw error
    return code === 'ENOENT'
      ? []
      : [{ file, offset: 0, what: `the file cannot be read (${code})`, isUnreadable: true }]
  }
}
