/**
 * A file or folder of this device that is offered: what it consisted of at that time, its hash, and reading it again
 * block after block. What is not any more what was offered is never sent.
 */
import { ChatError, type FileDisk, type FileFacts } from '../../kernel/api/index.ts'
import { blockCount, blockLength, groupOf, hashAt, isSame, leafHash, TreeBuilder } from './block-tree.ts'
import { listedFiles } from './folder-list.ts'
import { checkEmpty, walkFolder } from './folder-walk.ts'
import { BLOCK_BYTES, FILE_MAX_BYTES, GROUP_BLOCKS, READ_AHEAD_BLOCKS } from './limits.ts'
import { ReadAhead } from './read-ahead.ts'
import { freshRoom, Rooms } from './rooms.ts'
import { type Piece, Spread } from './spread.ts'
import type { TreeShelf } from './tree-shelf.ts'

/** What it takes to read it again. */
export interface Content {
  readonly kind: 'file' | 'folder'
  /** Without links on the way. */
  readonly path: string
  readonly bytes: number
  /** Of a file, before its hash was made. A folder has none: any of its files, or folders, may be exchanged. */
  readonly stamp: string | undefined
  /** What stands before the files of a folder. */
  readonly list: Uint8Array | undefined
}

export interface Source extends Content {
  /** As it was asked for: of a link, that of the link. */
  readonly name: string
  /** In a folder, what is left out: links and other things that are no files, and names that are not UTF-8. */
  readonly skipped: number
  readonly misnamed: number
}

/** What there is to offer. Throws NOT_FOUND, USAGE or DISK_FAILED. */
export async function findSource(disk: FileDisk, given: string): Promise<Source> {
  const path = await disk.real(given)
  const { name } = disk.split(given)
  const facts = await disk.facts(path)
  if (facts?.kind === 'file') {
    const { bytes, stamp } = facts
    if (bytes === 0) await checkEmpty(disk, path)
    return { kind: 'file', name, path, bytes: sized(bytes), stamp, list: undefined, skipped: 0, misnamed: 0 }
  }
  if (facts?.kind !== 'folder') throw new ChatError('USAGE', `${given} is neither a file nor a folder`)
  const { bytes, ...walked } = await walkFolder(disk, path)
  return { kind: 'folder', name, path, bytes: sized(bytes), stamp: undefined, ...walked }
}

function sized(bytes: number): number {
  if (bytes <= FILE_MAX_BYTES) return bytes
  throw new ChatError('USAGE', `${bytes} bytes are more than the ${FILE_MAX_BYTES} that can be sent at once`)
}

function piecesOf(disk: FileDisk, { path, bytes, list }: Content): readonly Piece[] {
  if (list === undefined) return [{ bytes, in: path }]
  const listed = listedFiles(list)
  if (!listed.ok) throw changed(path)
  return [
    { bytes: list.length, in: list },
    ...listed.value.map(file => ({ bytes: file.bytes, in: disk.join(path, ...file.path) })),
  ]
}

const changed = (path: string): ChatError =>
  new ChatError('FILE_CHANGED', `${path} is not any more what was offered`, { hint: 'send it again' })

/** Reads what was offered, one block after the other. */
export class SourceReader {
  readonly #source: Content
  readonly #spread: Spread
  /** Not known to be untouched since: then every block is compared with what was offered. */
  #isDoubted: boolean

  constructor(disk: FileDisk, source: Content) {
    this.#source = source
    this.#isDoubted = source.stamp === undefined
    const check = (facts: FileFacts, piece: Piece): void => {
      if (facts.bytes !== piece.bytes || facts.kind !== 'file') throw changed(source.path)
      if (facts.stamp !== source.stamp) this.#isDoubted = true
    }
    this.#spread = new Spread(piecesOf(disk, source), { open: path => disk.open(path), check })
  }

  get isDoubted(): boolean {
    return this.#isDoubted
  }

  get changed(): ChatError {
    return changed(this.#source.path)
  }

  /** Throws FILE_CHANGED when it is shorter, longer or gone. */
  async block(index: number, room = freshRoom): Promise<Uint8Array> {
    const { bytes, path } = this.#source
    const block = room(blockLength(bytes, index))
    const count = await this.#spread.read(block, index * BLOCK_BYTES).catch(error => {
      throw error instanceof ChatError && error.code === 'NOT_FOUND' ? changed(path) : error
    })
    if (count < block.length) throw changed(path)
    return block
  }

  close(): Promise<void> {
    return this.#spread.close()
  }
}

/** Reads all of it once and keeps its tree under this name; `each` may throw to end it. Resolves with the root. */
export async function hashSource(
  disk: FileDisk,
  source: Source,
  shelf: TreeShelf,
  tree: string,
  each: (bytes: number) => void,
): Promise<Uint8Array> {
  const reader = new SourceReader(disk, source)
  const builder = new TreeBuilder()
  const rooms = new Rooms()
  const count = blockCount(source.bytes)
  const read = (index: number): Promise<Uint8Array> => reader.block(index, length => rooms.take(length))
  const ahead = new ReadAhead(read, count, READ_AHEAD_BLOCKS)
  try {
    for (let index = 0; index < count; index += 1) {
      const block = await ahead.block(index)
      const leaves = builder.add(block)
      if (leaves !== undefined) await shelf.keepLeaves(tree, groupOf(index), leaves)
      each(block.length)
      rooms.give(block)
    }
  } finally {
    await reader.close()
  }
  const { leaves, nodes, root } = builder.finish()
  if (leaves !== undefined) await shelf.keepLeaves(tree, groupOf(count - 1), leaves)
  await shelf.keepTop(tree, nodes, source.list)
  return root
}

/** Whether a block is the one that these leaves of its group promise. */
export const isPromised = (block: Uint8Array, index: number, leaves: Uint8Array): boolean =>
  isSame(leafHash(block), hashAt(leaves, index % GROUP_BLOCKS))
