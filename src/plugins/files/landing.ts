/**
 * The part file: where a file is put together, beside its final place, under a hidden name that says what it is. It gets the final
 * name in one step when all of it is there, verified and on the disk.
 */
import type { EventId } from '../../events/ids.ts'
import { ChatError, type FileDisk } from '../../kernel/api/index.ts'
import { blockCount, blockLength, groupOf } from './block-tree.ts'
import { LIST_HEAD_BYTES, listLength, readList } from './folder-list.ts'
import { BLOCK_BYTES, LOOK_EVERY_BLOCKS } from './limits.ts'
import { cut, numbered } from './safe-name.ts'
import { isPromised } from './source.ts'
import { type Piece, Spread } from './spread.ts'
import type { TreeShelf } from './tree-shelf.ts'

export interface Place {
  readonly folder: string
  /** The final name, as long as nothing else gets it first. */
  readonly name: string
  /** The path that it was about to get, or has got, when it was heard of last. */
  readonly published?: string | undefined
}

/** Longest name that file systems take. */
const NAME_MAX_BYTES = 255
/** Hexadecimal digits of an offer: too many for anybody to make another one that has the same. */
const SHORT_OFFER_DIGITS = 16

/** Of this offer alone: two of one name, from whomever, must never be put together in one file. */
export const partOf = (disk: FileDisk, { folder, name }: Place, offer: EventId): string => {
  const ending = `.${offer.slice(0, SHORT_OFFER_DIGITS)}.ntm-part`
  return disk.join(folder, cut(`.${name}`, NAME_MAX_BYTES - ending.length) + ending)
}

/** Names tried before giving up. */
const NUMBERS_MAX = 1_000

/** The first of `NAME`, `NAME (2)` and so on for which `gets` resolves with true. Throws FILE_EXISTS. */
export const firstNumbered = async (
  { folder, name }: Place,
  gets: (name: string) => Promise<boolean>,
): Promise<string> => {
  for (let number = 1; number <= NUMBERS_MAX; number += 1) {
    const tried = numbered(name, number)
    if (await gets(tried)) return tried
  }
  throw new ChatError('FILE_EXISTS', `${folder} has a thousand files called ${name}`)
}

export interface LandingParts {
  readonly disk: FileDisk
  readonly place: Place
  readonly offer: EventId
  readonly kind: 'file' | 'folder'
  readonly bytes: number
  /** Remembers the path that it is about to get: after a crash nothing else could tell that it has it. */
  naming(path: string): Promise<void>
}

export class Landing {
  readonly #parts: LandingParts
  readonly #part: string
  /** Undefined while the list of a folder is not whole. */
  #spread: Spread | undefined
  /** Blocks with the list, before it is known what the folder consists of. */
  #head: Uint8Array[] = []
  /** None as long as there is no spread. */
  #files: readonly { readonly bytes: number; readonly in: string }[] = []

  constructor(parts: LandingParts) {
    this.#parts = parts
    this.#part = partOf(parts.disk, parts.place, parts.offer)
    if (parts.kind === 'folder') return
    this.#files = [{ bytes: parts.bytes, in: this.#part }]
    this.#spread = this.#spreadOf(this.#files)
  }

  /**
   * Its path, if it got that and the power went before that was told. What has it may be changed by somebody by now; it
   * is not read any more, and nothing is written to it.
   */
  async finished(): Promise<string | undefined> {
    const { disk, place, bytes, kind } = this.#parts
    const { published } = place
    const there = published === undefined ? undefined : await disk.facts(published)
    if (there?.kind !== kind) return undefined
    const left = await disk.facts(this.#whole)
    const isOurs =
      left === undefined ? kind === 'folder' || there.bytes === bytes : left.stamp === there.stamp
    if (!isOurs) return undefined
    await disk.remove(this.#part)
    return published
  }

  /** How many blocks are there already, from the first on, by the hashes that were kept. */
  async have(shelf: TreeShelf, tree: string): Promise<number> {
    const { disk, bytes, kind } = this.#parts
    if ((await disk.facts(this.#part)) === undefined) return 0
    const listBytes = kind === 'file' ? 0 : await this.#recallList()
    if (listBytes === undefined) return 0
    const count = await countOf(this.#spread!, bytes, shelf, tree)
    if (count * BLOCK_BYTES < listBytes) {
      await this.#spread?.close(false)
      this.#spread = undefined
      return 0
    }
    return count
  }

  /** Verified blocks, in order. Throws DISK_FULL and the like, and FILE_REFUSED for a folder that does harm. */
  async write(block: Uint8Array, index: number): Promise<void> {
    // Nothing may be waited for before that: the next block would overtake this one.
    await this.#put(block, index)
    if (index % LOOK_EVERY_BLOCKS === LOOK_EVERY_BLOCKS - 1) await this.#checkThere()
  }

  async #put(block: Uint8Array, index: number): Promise<void> {
    if (this.#spread !== undefined) return this.#spread.write(block, index * BLOCK_BYTES)
    this.#head.push(block.slice())
    await this.#establish()
  }

  /** All blocks were written. Resolves with the path under which it is found. */
  async finish(): Promise<string> {
    const { disk, kind, bytes } = this.#parts
    if (this.#spread === undefined) throw unusable('it has no list')
    if (bytes > 0) await this.#checkThere()
    if (kind === 'folder') await disk.makeFolder(this.#tree)
    for (const file of this.#files) if (file.bytes === 0) await this.#touch(file.in)
    await this.#spread.close()
    await this.#checkLengths()
    for (const folder of this.#folders) await disk.syncFolder(folder)
    const path = await this.#publish()
    if (kind === 'folder') await disk.remove(this.#part)
    return path
  }

  /** Keeps what is there for another time. */
  close(): Promise<void> {
    return this.#spread?.close() ?? Promise.resolve()
  }

  async discard(): Promise<void> {
    await this.#spread?.close(false)
    await this.#parts.disk.remove(this.#part)
  }

  /** What gets the final name. */
  get #whole(): string {
    return this.#parts.kind === 'file' ? this.#part : this.#tree
  }

  get #tree(): string {
    return this.#parts.disk.join(this.#part, 'tree')
  }

  /** Of a folder all that are in it, the innermost first, and itself. */
  get #folders(): readonly string[] {
    const { disk, kind } = this.#parts
    if (kind === 'file') return []
    const folders = new Set([this.#tree])
    for (const { in: path } of this.#files)
      for (let { folder } = disk.split(path); !folders.has(folder); { folder } = disk.split(folder))
        folders.add(folder)
    return [...folders].sort((one, other) => other.length - one.length)
  }

  get #listPath(): string {
    return this.#parts.disk.join(this.#part, 'list')
  }

  async #publish(): Promise<string> {
    const { disk, place, naming } = this.#parts
    const pathOf = (name: string): string => disk.join(place.folder, name)
    const name = await firstNumbered(place, async tried => {
      await naming(pathOf(tried))
      return disk.publish(this.#whole, pathOf(tried))
    })
    return pathOf(name)
  }

  /** What has no name any more can be written to for as long as it is open, and is gone then. */
  async #checkThere(): Promise<void> {
    const { disk, place, kind } = this.#parts
    const witness = kind === 'file' ? this.#part : this.#listPath
    if ((await disk.facts(witness)) !== undefined) return
    throw new ChatError('NOT_FOUND', `what had arrived of ${place.name} was removed from ${place.folder}`, {
      hint: 'get it again, into another folder if need be',
    })
  }

  /** Blocks say nothing of what stands behind the last one. */
  async #checkLengths(): Promise<void> {
    const { disk, place } = this.#parts
    for (const file of this.#files) {
      if ((await disk.facts(file.in))?.bytes === file.bytes) continue
      await this.discard()
      throw new ChatError('DISK_FAILED', `something else wrote to ${place.name} while it arrived`, {
        hint: 'get it again, into another folder if need be',
      })
    }
  }

  async #touch(path: string): Promise<void> {
    const { disk } = this.#parts
    await disk.makeFolder(disk.split(path).folder)
    const file = await disk.openOwn(path)
    await file.sync()
    await file.close()
  }

  /** As much of the list as there is says whether it is whole; then the rest has its places. */
  async #establish(): Promise<void> {
    const { disk, bytes } = this.#parts
    const head = Buffer.concat(this.#head)
    const length = head.length < LIST_HEAD_BYTES ? undefined : lengthOf(head, bytes)
    if (length === undefined || head.length < length) return
    const list = head.subarray(0, length)
    this.#settle(list)
    await disk.makeFolder(this.#part)
    const file = await disk.openOwn(this.#listPath)
    await file.write(list, 0)
    await file.sync()
    await file.close()
    this.#head = []
    await this.#spread!.write(head, 0)
  }

  #settle(list: Uint8Array): void {
    const { disk, bytes } = this.#parts
    const files = readList(list, bytes)
    if (!files.ok) throw unusable(`its list is of no use: ${files.why}`)
    this.#files = files.value.map(({ bytes, path }) => ({ bytes, in: disk.join(this.#tree, ...path) }))
    this.#spread = this.#spreadOf([{ bytes: list.length, in: list }, ...this.#files])
  }

  /** The list that was written before a restart. Its length; undefined when there is none of use. */
  async #recallList(): Promise<number | undefined> {
    const { disk } = this.#parts
    const facts = await disk.facts(this.#listPath)
    if (facts?.kind !== 'file' || facts.bytes < LIST_HEAD_BYTES) return undefined
    const file = await disk.open(this.#listPath)
    try {
      const head = new Uint8Array(LIST_HEAD_BYTES)
      await file.read(head, 0)
      const length = listLength(head)
      if (!length.ok || length.value !== facts.bytes) return undefined
      const list = new Uint8Array(length.value)
      await file.read(list, 0)
      this.#settle(list)
      return list.length
    } catch (error) {
      if (error instanceof ChatError && error.code === 'FILE_REFUSED') return undefined
      throw error
    } finally {
      await file.close()
    }
  }

  #spreadOf(pieces: readonly Piece[]): Spread {
    const { disk } = this.#parts
    return new Spread(pieces, {
      isOurs: true,
      open: async path => {
        if (path !== this.#part) await disk.makeFolder(disk.split(path).folder)
        return disk.openOwn(path)
      },
    })
  }
}

/** How many blocks, from the first on, are what the kept hashes promise. */
async function countOf(spread: Spread, bytes: number, shelf: TreeShelf, tree: string): Promise<number> {
  let group = -1
  let leaves: Uint8Array | undefined
  const room = new Uint8Array(BLOCK_BYTES)
  for (let index = 0; index < blockCount(bytes); index += 1) {
    if (groupOf(index) !== group) leaves = await shelf.leaves(tree, (group = groupOf(index)))
    const block = room.subarray(0, blockLength(bytes, index))
    const count = leaves === undefined ? 0 : await spread.read(block, index * BLOCK_BYTES)
    if (leaves === undefined || count < block.length || !isPromised(block, index, leaves)) return index
  }
  return blockCount(bytes)
}

function lengthOf(head: Uint8Array, bytes: number): number {
  const length = listLength(head)
  if (!length.ok) throw unusable(`its list is of no use: ${length.why}`)
  if (length.value > bytes) throw unusable('its list is longer than all of it')
  return length.value
}

const unusable = (why: string): ChatError =>
  new ChatError('FILE_REFUSED', `what was offered as a folder cannot be written here: ${why}`)
