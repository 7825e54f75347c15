/**
 * A folder on the move (SPEC.md §2): a list of what is in it, and then all its files one after the other. Both are one
 * content with one hash, so that a folder is sent, verified and gone on with as a file is.
 */
import { ok, type Result, refuse } from '../../events/result.ts'
import { ByteReader } from '../../wire/byte-reader.ts'
import { ByteWriter } from '../../wire/byte-writer.ts'
import { FILE_MAX_BYTES, LIST_MAX_BYTES, LIST_MAX_ENTRIES, PATH_MAX_BYTES } from './limits.ts'
import { foldedName, safePath } from './safe-name.ts'

const LIST_VERSION = 1
/** Version and length. */
export const LIST_HEAD_BYTES = 5

export interface ListedFile {
  /** Parts of the path below the folder. As sent, or as they are written. */
  readonly path: readonly string[]
  readonly bytes: number
}

export type ListFault = 'version' | 'too-long' | 'malformed' | 'unsafe-path' | 'twice' | 'size'

/** Entries in the order in which the files follow. It may be longer than what is allowed. */
export function encodeList(files: readonly ListedFile[]): Uint8Array {
  const entries = new ByteWriter(64 * files.length)
  for (const { path, bytes } of files) {
    const text = new TextEncoder().encode(path.join('/'))
    entries.varint(text.length).put(text).varint(bytes)
  }
  const body = entries.finish()
  const head = Buffer.alloc(LIST_HEAD_BYTES)
  head.writeUInt8(LIST_VERSION)
  head.writeUInt32BE(body.length, 1)
  return Buffer.concat([head, body])
}

/** How long the list is, head included, from its first bytes. */
export function listLength(head: Uint8Array): Result<number, ListFault> {
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength)
  if (view.getUint8(0) !== LIST_VERSION) return refuse('version')
  const length = view.getUint32(1)
  return length <= LIST_MAX_BYTES ? ok(LIST_HEAD_BYTES + length) : refuse('too-long')
}

const fatalUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function textOf(bytes: Uint8Array): string | undefined {
  try {
    return fatalUtf8.decode(bytes)
  } catch {
    return undefined
  }
}

/** The files of a folder, as they are called at the sender. */
export function listedFiles(list: Uint8Array): Result<readonly ListedFile[], ListFault> {
  const reader = new ByteReader(list, LIST_HEAD_BYTES)
  const files: ListedFile[] = []
  while (reader.remaining > 0) {
    const path = textOf(reader.take(reader.varint(PATH_MAX_BYTES)))
    const bytes = reader.varint(FILE_MAX_BYTES)
    if (reader.failed || path === undefined || files.length === LIST_MAX_ENTRIES) return refuse('malformed')
    files.push({ path: path.split('/'), bytes })
  }
  return ok(files)
}

/** The files of a folder whose content has `contentBytes` in all, with paths that do no harm here. */
export function readList(list: Uint8Array, contentBytes: number): Result<readonly ListedFile[], ListFault> {
  const listed = listedFiles(list)
  if (!listed.ok) return listed
  const files: ListedFile[] = []
  const names = new Names()
  let left = contentBytes - list.length
  for (const { path, bytes } of listed.value) {
    const safe = safePath(path)
    if (safe === undefined) return refuse('unsafe-path')
    if (names.add(safe, path) !== undefined) return refuse('twice')
    left -= bytes
    files.push({ path: safe, bytes })
  }
  return left === 0 ? ok(files) : refuse('size')
}

/** Two of them that cannot lie side by side on every disk, as they are called at the sender. */
export function clashIn(files: readonly ListedFile[]): readonly [string, string] | undefined {
  const names = new Names()
  for (const { path } of files) {
    const other = names.add(safePath(path) ?? path, path)
    if (other !== undefined) return [other, path.join('/')]
  }
  return undefined
}

/** Paths that can lie side by side on any disk: none twice, and none a file and a folder at once. */
class Names {
  /** By how some disk may write them, as they are called. */
  readonly #files = new Map<string, string>()
  readonly #folders = new Map<string, string>()

  /** The one that is there already where this one would be; undefined when it has its place. */
  add(path: readonly string[], called: readonly string[]): string | undefined {
    const folded = path.map(foldedName)
    const upTo = (parts: readonly string[], index: number): string => parts.slice(0, index + 1).join('/')
    const last = folded.length - 1
    const whole = upTo(folded, last)
    const above = folded.slice(0, last).map((_, index) => upTo(folded, index))
    const inTheWay = above.find(folder => this.#files.has(folder))
    const other = this.#files.get(inTheWay ?? whole) ?? this.#folders.get(whole)
    if (other !== undefined) return other
    this.#files.set(whole, upTo(called, last))
    for (const [index, folder] of above.entries()) this.#folders.set(folder, upTo(called, index))
    return undefined
  }
}
