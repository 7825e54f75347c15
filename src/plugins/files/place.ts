/** Where a file is to be put: what somebody asked for, or the offered name made harmless, in a place that is free. */
import type { EventId } from '../../events/ids.ts'
import { ChatError, type FileDisk } from '../../kernel/api/index.ts'
import type { Claims } from './claims.ts'
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

/** In a file, or in all files of a folder; undefined when nothing is there. */
export async function bytesAt(disk: FileDisk, path: string): Promise<number | undefined> {
  const facts = await disk.facts(path)
  if (facts?.kind !== 'folder') return facts?.bytes
  let bytes = 0
  for (const name of await disk.names(path)) bytes += (await bytesAt(disk, disk.join(path, name))) ?? 0
  return bytes
}

export interface Claiming {
  readonly id: EventId
  readonly kind: 'file' | 'folder'
  readonly bytes: number
  /** Besides what was there when it began. */
  arrivedBytes(): number
}

/**
 * Makes sure that it can be written there, and that there is room for what is missing besides what others will need;
 * claims that room. Throws NOT_FOUND, DISK_FAILED or DISK_FULL, and then leaves nothing that was not there.
 */
export async function claimRoom(
  disk: FileDisk,
  claims: Claims,
  place: Place,
  claiming: Claiming,
): Promise<void> {
  const { id, kind, bytes, arrivedBytes } = claiming
  const { folder } = place
  const facts = await disk.facts(await disk.real(folder))
  if (facts?.kind !== 'folder') throw new ChatError('NOT_FOUND', `there is no folder ${folder}`)
  const { volume } = facts
  const part = partOf(disk, place, id)
  const hasBytes = await bytesAt(disk, part)
  if (kind === 'folder') await disk.makeFolder(part)
  else await (await disk.openOwn(part)).close()
  const freeBytes = await disk.freeBytes(folder)
  // Nothing may be waited for from here on: two would be told of the same room.
  const othersBytes = claims.on(volume)
  const missingBytes = bytes - (hasBytes ?? 0)
  if (missingBytes <= Math.max(0, freeBytes - othersBytes)) {
    claims.put(id, { volume, neededBytes: () => Math.max(0, missingBytes - arrivedBytes()) })
    return
  }
  if (hasBytes === undefined) await disk.remove(part)
  const others = othersBytes === 0 ? '' : `, ${othersBytes} of them for files that are arriving`
  throw new ChatError(
    'DISK_FULL',
    `${bytes} bytes do not fit into ${folder}: ${freeBytes} are free${others}`,
    {
      hint: 'free some space, or give another folder',
    },
  )
}
