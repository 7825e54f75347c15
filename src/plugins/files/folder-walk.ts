/**
 * What is in a folder that is to be offered, as the list at its head wants it. What no receiver would take is told here,
 * by its name, before anything is read.
 */
import { ChatError, type FileDisk } from '../../kernel/api/index.ts'
import { clashIn, encodeList, LIST_HEAD_BYTES, type ListedFile } from './folder-list.ts'
import { LIST_MAX_BYTES, LIST_MAX_ENTRIES, PATH_MAX_BYTES, PATH_MAX_DEPTH } from './limits.ts'

export interface WalkedFolder {
  readonly list: Uint8Array
  /** With the list. */
  readonly bytes: number
  /** Links and other things that are no files, which are left out. */
  readonly skipped: number
  /** Left out as well: what has a name that is not UTF-8 cannot be named in the list. */
  readonly misnamed: number
}

/** What stands in the place of bytes that are not UTF-8. No such name is found again. */
const REPLACEMENT = '\ufffd'

/** Throws USAGE, or what the disk says. */
export async function walkFolder(disk: FileDisk, root: string): Promise<WalkedFolder> {
  const { files, skipped, misnamed } = await filesIn(disk, root)
  const clash = clashIn(files)
  if (clash !== undefined)
    throw new ChatError('USAGE', `in ${root}, ${clash.join(' and ')} cannot be side by side on every disk`, {
      hint: 'give one of them another name, or send them one by one',
    })
  const list = encodeList(files)
  if (list.length > LIST_HEAD_BYTES + LIST_MAX_BYTES)
    throw tooMuch(`the paths in ${root} are longer than ${LIST_MAX_BYTES} bytes together`)
  return { list, bytes: files.reduce((sum, file) => sum + file.bytes, list.length), skipped, misnamed }
}

const tooMuch = (message: string): ChatError =>
  new ChatError('USAGE', message, { hint: 'send its folders one by one, or an archive of it' })

/** A file of the system may say that it has 0 bytes and hold some all the same. Throws USAGE then. */
export async function checkEmpty(disk: FileDisk, path: string): Promise<void> {
  const file = await disk.open(path)
  try {
    if ((await file.read(new Uint8Array(1), 0)) === 0) return
  } finally {
    await file.close()
  }
  throw new ChatError('USAGE', `${path} does not say how long it is`, { hint: 'send a copy of it' })
}

/** In the order of their names, so that equal folders have equal hashes. */
async function filesIn(disk: FileDisk, root: string) {
  const files: ListedFile[] = []
  let skipped = 0
  let misnamed = 0
  const add = async (path: readonly string[], bytes: number): Promise<void> => {
    const where = disk.join(root, ...path)
    if (path.length > PATH_MAX_DEPTH) throw tooMuch(`${where} is more than ${PATH_MAX_DEPTH} levels deep`)
    if (Buffer.byteLength(path.join('/')) > PATH_MAX_BYTES)
      throw tooMuch(`the path of ${where} has more than ${PATH_MAX_BYTES} bytes`)
    if (bytes === 0) await checkEmpty(disk, where)
    files.push({ path, bytes })
    if (files.length > LIST_MAX_ENTRIES) throw tooMuch(`${root} has more than ${LIST_MAX_ENTRIES} files`)
  }
  const walk = async (path: readonly string[]): Promise<void> => {
    for (const name of [...(await disk.names(disk.join(root, ...path)))].sort()) {
      const below = [...path, name]
      const facts = await disk.facts(disk.join(root, ...below))
      if (facts?.kind === 'folder') await walk(below)
      else if (facts?.kind === 'file') await add(below, facts.bytes)
      else if (facts === undefined && name.includes(REPLACEMENT)) misnamed += 1
      else skipped += 1
    }
  }
  await walk([])
  return { files, skipped, misnamed }
}
