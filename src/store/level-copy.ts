/**
 * A copy of a damaged LevelDB directory in which the damaged pieces are emptied, so that LevelDB can walk over
 * what is left. LevelDB repairs whatever it opens, so the log itself is never opened for that.
 */
import { cp, open, rm, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { crc32c, masked } from './crc32c.ts'
import type { Disk } from './disk.ts'
import { openLevelDisk } from './level-disk.ts'
import { type Block, checkJournals, checkTables, type FileDamage } from './level-files.ts'
import { bridge } from './level-journal.ts'

const isJournal = (file: string): boolean => file.endsWith('.log')

/** Copies the directory around its damage. `scratch` is there afterwards in any case, and has to be removed. */
export async function copyAround(
  location: string,
  scratch: string,
  damage: readonly FileDamage[],
): Promise<void> {
  const unreadable = new Set(
    damage.filter(({ isUnreadable }) => isUnreadable).map(({ file }) => join(location, file)),
  )
  await cp(location, scratch, { recursive: true, filter: path => !unreadable.has(path) })
  for (const each of damage) if (each.isUnreadable !== true) await blunt(scratch, each)
}

/** Opens a copy to read what is left; it is removed when the disk is closed. What is written to it is lost. */
export async function openCopy(location: string, scratch: string): Promise<Disk> {
  const discard = () => rm(scratch, { recursive: true, force: true })
  try {
    const damage = [...(await checkTables(location)), ...(await checkJournals(location)).damage]
    await copyAround(location, scratch, damage)
    const disk = await openLevelDisk({ location: scratch, create: false, trustJournal: true })
    const close = disk.close.bind(disk)
    disk.close = () => close().finally(discard)
    return disk
  } catch (error) {
    await discard()
    throw error
  }
}

/** Takes the edge off one damage in the copy: LevelDB then finds nothing there instead of nonsense. */
async function blunt(scratch: string, { file, block }: FileDamage): Promise<void> {
  const path = join(scratch, file)
  if (file.startsWith('MANIFEST')) return
  if (block === undefined) return truncate(path, 0)
  const handle = await open(path, 'r+')
  try {
    await handle.write(isJournal(file) ? bridge(block) : emptyBlock(block), 0, undefined, block.offset)
  } finally {
    await handle.close()
  }
}

/**
 * A block of the same size without entries: nothing but restart points, uncompressed, with its checksum. The up
 * to three bytes before them claim to share a byte with a key that is not there, which LevelDB takes for damage.
 */
function emptyBlock({ size }: Block): Buffer {
  const block = Buffer.alloc(size + 5)
  block.fill(1, 0, size % 4)
  block.writeUInt32LE(Math.max(1, size >> 2) - 1, size - 4)
  block.writeUInt32LE(masked(crc32c(block, 0, size + 1)), size + 1)
  return block
}
