/**
 * LevelDB's own journal, piece by piece: what of it is sound, where it has holes, and whether its end is torn.
 * LevelDB passes over the rest of a block behind a wrong checksum without a word, and then deletes the file; so
 * the store looks first. Format: LevelDB's `doc/log_format.md`. Its manifest is kept in the same way.
 */
import { crc32c, masked } from './crc32c.ts'

const BLOCK_BYTES = 32_768
const HEADER_BYTES = 7
/** What a disk writes whole or not at all. */
const SECTOR_BYTES = 512
const FRAGMENT = { full: 1, first: 2, middle: 3, last: 4 } as const
/** No fragment of LevelDB's: it goes on behind one whose checksum is right. (5 and 6 it uses for itself.) */
const UNKNOWN = 127

/** A piece of a record, whole and sound: records that do not fit into a block are cut. */
interface Fragment {
  readonly type: number
  readonly bytes: Buffer
  /** Where the next one begins. */
  readonly next: number
}

/** A stretch of one block: a sound fragment, or what does not read up to the next one. */
interface Piece {
  readonly offset: number
  readonly size: number
  readonly fragment: Fragment | undefined
}

interface Hole {
  readonly offset: number
  readonly size: number
  readonly what: string
}

interface JournalState {
  readonly holes: readonly Hole[]
  readonly isEmpty: boolean
  /** Where a write begins that was never finished. */
  readonly tornAt: number | undefined
}

const bufferOf = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)

/** The fragment at this place of a block that ends at `end`; undefined when it does not read. */
function readFragment(journal: Buffer, at: number, end: number): Fragment | undefined {
  const type = journal[at + 6]!
  if (type < FRAGMENT.full || type > FRAGMENT.last) return undefined
  const next = at + HEADER_BYTES + journal.readUInt16LE(at + 4)
  if (next > end || journal.readUInt32LE(at) !== masked(crc32c(journal, at + 6, next))) return undefined
  return { type, bytes: journal.subarray(at + HEADER_BYTES, next), next }
}

/** All of a journal. A length that was damaged cannot lead astray: the next sound fragment is looked for byte by byte. */
function* piecesOf(journal: Buffer): Generator<Piece> {
  for (let start = 0; start < journal.length; start += BLOCK_BYTES) {
    const end = Math.min(start + BLOCK_BYTES, journal.length)
    const lastStart = end - HEADER_BYTES
    for (let at = start; at <= lastStart; ) {
      const fragment = readFragment(journal, at, end)
      let next = fragment?.next ?? at + HEADER_BYTES
      if (fragment === undefined) {
        while (next <= lastStart && readFragment(journal, next, end) === undefined) next += 1
        if (next > lastStart) next = end
      }
      yield { offset: at, size: next - at, fragment }
      at = next
    }
  }
}

/** The records up to the first that does not read. */
export function* recordsOf(bytes: Uint8Array): Generator<Buffer> {
  let parts: Buffer[] = []
  for (const { fragment } of piecesOf(bufferOf(bytes))) {
    if (fragment === undefined) return
    if (fragment.type === FRAGMENT.full || fragment.type === FRAGMENT.first) parts = []
    parts.push(fragment.bytes)
    if (fragment.type === FRAGMENT.full || fragment.type === FRAGMENT.last) yield Buffer.concat(parts)
  }
}

/**
 * What cannot be read of a journal, and what that means. Something sound behind it (`isFollowed`: in a younger
 * journal) makes it a hole. That is also what a power loss leaves of writes that arrived out of order, and
 * though nobody was told of those, LevelDB would keep the later without the earlier: a person has to decide.
 * Nothing sound behind it is a torn end, and no damage, unless the last record is there in its full length.
 */
export function examineJournal(bytes: Uint8Array, isFollowed = false): JournalState {
  const journal = bufferOf(bytes)
  const holes: Hole[] = []
  let isEmpty = true
  let unread: Hole[] = []
  for (const { offset, size, fragment } of piecesOf(journal)) {
    if (fragment === undefined) unread.push({ offset, size, what: 'the journal of LevelDB has a hole' })
    else {
      isEmpty = false
      holes.push(...unread)
      unread = []
    }
  }
  const [end] = unread
  if (end === undefined) return { holes, isEmpty, tornAt: undefined }
  if (isFollowed) return { holes: [...holes, ...unread], isEmpty, tornAt: undefined }
  if (!arrivedWhole(journal, end.offset)) return { holes, isEmpty, tornAt: end.offset }
  const what = 'the last record in the journal of LevelDB was changed'
  return { holes: [...holes, { ...end, what }], isEmpty, tornAt: undefined }
}

/**
 * Whether the unreadable end is one record of which every byte was written: then it was changed afterwards. What
 * a killed process leaves is shorter than its header says. What a power loss leaves is shorter too, or has
 * sectors of zeros where the file had grown and its data had not arrived. The checksum leaves the length out, so
 * it also tells when only that was changed. More cannot be told: two damages in the last record, or one that cut
 * the file, look like an unfinished write.
 */
function arrivedWhole(journal: Buffer, at: number): boolean {
  const size = journal.length - at
  if (size > BLOCK_BYTES - (at % BLOCK_BYTES)) return false
  if (HEADER_BYTES + journal.readUInt16LE(at + 4) === size) return !hasEmptySector(journal, at)
  return journal.readUInt32LE(at) === masked(crc32c(journal, at + 6, journal.length))
}

function hasEmptySector(journal: Buffer, from: number): boolean {
  for (let start = from; start < journal.length; ) {
    const end = start - (start % SECTOR_BYTES) + SECTOR_BYTES
    if (journal.subarray(start, end).every(byte => byte === 0)) return true
    start = end
  }
  return false
}

/** What makes LevelDB pass over a hole and go on right behind it, of the hole's size. */
export function bridge({ size }: { readonly size: number }): Buffer {
  const fragment = Buffer.alloc(size)
  fragment.writeUInt16LE(size - HEADER_BYTES, 4)
  fragment[6] = UNKNOWN
  fragment.writeUInt32LE(masked(crc32c(fragment, 6)), 0)
  return fragment
}
