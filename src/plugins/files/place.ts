/** Where a file is to be put: what somebody asked for, or the offered name made harmless, in a place that is free. */
import type { EventId } from '../../events/ids.ts'
import { ChatError, type FileDisk } from '../../kernel/api/index.ts'
import { firstNumbered, type Place, partOf } from './landing.ts'
import { safeName } from './safe-name.ts'

/** `path`: a folder that is there, or a new name in one. Throws FILE_EXISTS or NOT_FOUND. */
export async function choosePlace(disk: FileDisk, path: string, offeredName: string): Promise<Place> {
  const there = await kindAt(disk, path)
  if (there === 'folder') return freeIn(disk, path, safeName(offeredName))
  if (there !== undefined) throw new ChatError('FILE_EXISTS', `${path} is there already`)
  const { folder, name } = disk.split(path)
  if ((await kindAt(disk, folder)) !== 'folder')
    throw new ChatError('NOT_FOUND', `there is no folder ${folder}`, {
      hint: 'make it first, or choose another',
    })
  return { folder, name }
}

/** Of what the path leads to. */
async function kindAt(disk: FileDisk, path: string): Promise<'file' | 'folder' | 'other' | undefined> {
  const facts = await disk.facts(path)
  if (facts?.kind !== 'other') return facts?.kind
  const led = await disk.facts(await disk.real(path))
  return led?.kind === 'folder' ? 'folder' : 'other'
}

/** For now: others may arrive under the same name meanwhile, and the first that is whole gets it. */
async function freeIn(disk: FileDisk, folder: string, offered: string): Promise<Place> {
  const isFree = async (name: string): Promise<boolean> =>
    (await disk.facts(disk.join(folder, name))) === undefined
  return { folder, name: await firstNumbered({ folder, name: offered }, isFree) }
}

/** In a file, or in all files of a folder. */
async function bytesAt(disk: FileDisk, path: string): Promise<number> {
  const facts = await disk.facts(path)
  if (facts?.kind === 'file') return facts.bytes
  if (facts?.kind !== 'folder') return 0
  let bytes = 0
  for (const name of await disk.names(path)) bytes += await bytesAt(disk, disk.join(path, name))
  return bytes
}

/** Throws DISK_FULL when there is no room for what is still missing. */
export async function checkRoom(
  disk: FileDisk,
  place: Place,
  { id, bytes }: { readonly id: EventId; readonly bytes: number },
): Promise<void> {
  const missing = bytes - (await bytesAt(disk, partOf(disk, place, id)))
  const free = await disk.freeBytes(place.folder)
  if (missing > free)
    throw new ChatError('DISK_FULL', `${bytes} bytes do not fit into ${place.folder}: ${free} are free`, {
      hint: 'free some space, or give another folder',
    })
}
