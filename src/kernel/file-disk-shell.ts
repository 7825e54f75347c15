/**
 * The machine's own file system as plugins see it. Only here are paths, links and error codes of the system known;
 * what goes wrong becomes a sentence that names the file.
 */
import type { Stats } from 'node:fs'
import { constants } from 'node:fs'
import {
  type FileHandle,
  link,
  lstat,
  mkdir,
  open,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  statfs,
  unlink,
} from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { ChatError } from './api/errors.ts'
import type { FileDisk, FileFacts, OpenFile } from './api/file-disk.ts'

const OWNER_ONLY_FILE = 0o600
const OWNER_ONLY_FOLDER = 0o700
/** Windows has no such flag, and needs a right of its own to make a link. */
const NO_LINK = constants.O_NOFOLLOW ?? 0
/** A pipe would keep whoever opens it waiting for ever. */
const NO_WAIT = constants.O_NONBLOCK ?? 0

const TAKEN = ['EEXIST', 'ENOTEMPTY']
const taken = (): Error => Object.assign(new Error('the name is taken'), { code: 'EEXIST' })

const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException | undefined)?.code

const FULL = ['ENOSPC', 'EDQUOT', 'EFBIG']
const MISSING = ['ENOENT', 'ENOTDIR']
/** File systems without hard links, such as those of memory cards. */
const NO_HARD_LINKS = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EACCES']

const failureAt = (path: string, cause: unknown): ChatError => {
  if (cause instanceof ChatError) return cause
  const code = codeOf(cause) ?? ''
  if (FULL.includes(code)) return new ChatError('DISK_FULL', `there is no space left for ${path}`, { cause })
  if (MISSING.includes(code)) return new ChatError('NOT_FOUND', `${path} does not exist`, { cause, hint: '' })
  const why = code === 'EACCES' || code === 'EPERM' ? 'is not allowed to this user' : `failed: ${code}`
  return new ChatError('DISK_FAILED', `the access to ${path} ${why}`, {
    cause,
    hint: 'look at the disk and at the rights of the file and its folder',
  })
}

const told = async <T>(path: string, work: () => Promise<T>): Promise<T> => {
  try {
    return await work()
  } catch (error) {
    throw failureAt(path, error)
  }
}

const factsOf = (stats: Stats): FileFacts => ({
  kind: stats.isFile() ? 'file' : stats.isDirectory() ? 'folder' : 'other',
  bytes: stats.size,
  volume: String(stats.dev),
  // Whoever moves or copies a file there can bring any time of modification, but not one of change.
  stamp: [stats.dev, stats.ino, stats.size, stats.mtimeMs, stats.ctimeMs].join(' '),
})

class SystemFile implements OpenFile {
  readonly #path: string
  readonly #handle: FileHandle

  constructor(path: string, handle: FileHandle) {
    this.#path = path
    this.#handle = handle
  }

  facts(): Promise<FileFacts> {
    return told(this.#path, async () => factsOf(await this.#handle.stat()))
  }

  read(into: Uint8Array, at: number): Promise<number> {
    return told(this.#path, async () => {
      let filled = 0
      while (filled < into.length) {
        const { bytesRead } = await this.#handle.read(into, filled, into.length - filled, at + filled)
        if (bytesRead === 0) break
        filled += bytesRead
      }
      return filled
    })
  }

  write(bytes: Uint8Array, at: number): Promise<void> {
    return told(this.#path, async () => {
      let written = 0
      while (written < bytes.length)
        written += (await this.#handle.write(bytes, written, bytes.length - written, at + written))
          .bytesWritten
    })
  }

  sync(): Promise<void> {
    return told(this.#path, () => this.#handle.sync())
  }

  close(): Promise<void> {
    return told(this.#path, () => this.#handle.close())
  }
}

const openFile = (path: string, flags: number): Promise<OpenFile> =>
  told(path, async () => {
    const handle = await open(path, flags | NO_WAIT, OWNER_ONLY_FILE)
    const stats = await handle.stat()
    if (stats.isFile()) return new SystemFile(path, handle)
    await handle.close()
    throw new ChatError('NOT_FOUND', `${path} is not a file`, { hint: 'choose a regular file or a folder' })
  })

/** What a folder says of its entries is on the disk. Not every system can do that. */
const syncFolder = async (path: string): Promise<void> => {
  const folder = await open(path, constants.O_RDONLY).catch(() => undefined)
  await folder?.sync().catch(() => undefined)
  await folder?.close()
}

/** Says to people, and to this program after a crash, what the file under a final name is that is not there yet. */
const placeholderFor = (from: string): string =>
  `${basename(from)} has arrived and is about to get this name. If it stays so, get it once more.\n`

const isPlaceholder = async (path: string, words: string): Promise<boolean> => {
  const stats = await lstat(path)
  if (!stats.isFile() || stats.size !== Buffer.byteLength(words)) return false
  return (await readFile(path, 'utf8')) === words
}

/** What fails leaves nothing under the name that it was to give. */
const orNothing = async (to: string, work: () => Promise<void>): Promise<void> => {
  try {
    await work()
  } catch (error) {
    await unlink(to).catch(() => undefined)
    throw error
  }
}

const placeholdOn = async (to: string, words: string): Promise<void> => {
  const file = await open(to, 'wx', OWNER_ONLY_FILE)
  await orNothing(to, () => file.writeFile(words)).finally(() => file.close())
}

/** Where a file has but one name, a placeholder takes it from all others, and is then replaced in one step. */
const moveFile = async (from: string, to: string): Promise<void> => {
  const words = placeholderFor(from)
  try {
    await link(from, to)
  } catch (error) {
    const code = codeOf(error) ?? ''
    if (NO_HARD_LINKS.includes(code)) await placeholdOn(to, words)
    else if (code !== 'EEXIST' || !(await isPlaceholder(to, words))) throw error
    return orNothing(to, () => rename(from, to))
  }
  await unlink(from)
}

/** A folder can take the place of nothing, and at worst of an empty folder. */
const moveFolder = async (from: string, to: string): Promise<void> => {
  if ((await lstat(to).catch(() => undefined)) !== undefined) throw taken()
  await rename(from, to)
}

const publish = (from: string, to: string): Promise<boolean> =>
  told(to, async () => {
    try {
      const isFolder = (await lstat(from)).isDirectory()
      await (isFolder ? moveFolder(from, to) : moveFile(from, to))
    } catch (error) {
      if (TAKEN.includes(codeOf(error) ?? '')) return false
      throw error
    }
    await syncFolder(dirname(to))
    return true
  })

export const systemFileDisk: FileDisk = {
  facts: path =>
    told(path, async () => {
      const stats = await lstat(path).catch(error => {
        if (MISSING.includes(codeOf(error) ?? '')) return undefined
        throw error
      })
      return stats && factsOf(stats)
    }),
  real: path => told(path, () => realpath(path)),
  names: folder => told(folder, () => readdir(folder)),
  open: path => openFile(path, constants.O_RDONLY),
  openOwn: path => openFile(path, constants.O_RDWR | constants.O_CREAT | NO_LINK),
  makeFolder: path =>
    told(path, async () => void (await mkdir(path, { recursive: true, mode: OWNER_ONLY_FOLDER }))),
  syncFolder: path => told(path, () => syncFolder(path)),
  publish,
  remove: path => told(path, () => rm(path, { recursive: true, force: true })),
  freeBytes: folder =>
    told(folder, async () => {
      const { bavail, bsize } = await statfs(folder)
      return bavail * bsize
    }),
  join,
  split: path => ({ folder: dirname(path), name: basename(path) }),
}
