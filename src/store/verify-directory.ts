/**
 * Verifies a LevelDB directory that nobody has open, from its files up. Where files are damaged it reads a copy
 * in which the damaged blocks are emptied, so that LevelDB can walk over what is left; the log itself is never
 * written to.
 */
import { cp, open, readdir, rm, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { crc32c, masked } from './crc32c.ts'
import { DiskError } from './disk.ts'
import { openLevelDisk } from './level-disk.ts'
import { type Block, checkJournals, checkTables, type FileDamage } from './level-files.ts'
import type { Vault } from './vault.ts'
import { verifyInto } from './verify.ts'
import { Findings, type VerifyReport } from './verify-findings.ts'

interface DirectoryOptions {
  readonly location: string
  readonly vault: Vault
  /** A path that is free: where the copy is made and removed again, if one is needed. */
  readonly scratch: string
}

export async function verifyDirectory({ location, vault, scratch }: DirectoryOptions): Promise<VerifyReport> {
  const findings = new Findings()
  const names = await readdir(location).catch(() => [])
  const damage =
    names.length === 0 ? [] : [...(await checkTables(location)), ...(await checkJournals(location))]
  for (const { file, offset, what } of damage) findings.damaged(`file ${file}, byte ${offset}`, what, 'disk')
  if (damage.length === 0) await verifyAt(location, vault, findings)
  else {
    try {
      await cp(location, scratch, { recursive: true })
      for (const each of damage) await blunt(scratch, each)
      await verifyAt(scratch, vault, findings)
    } finally {
      await rm(scratch, { recursive: true, force: true })
    }
  }
  return findings.report()
}

async function verifyAt(location: string, vault: Vault, findings: Findings): Promise<void> {
  const opening = openLevelDisk({ location, create: false, trustJournal: true })
  // A log that another process has open is not damaged, and nothing can be said about it from here.
  await opening.catch(error => {
    if (error instanceof DiskError && error.kind === 'locked') throw error
  })
  await findings.part('the directory of the log', 'disk', async () => {
    const disk = await opening
    try {
      await verifyInto(findings, { disk, vault })
    } finally {
      await disk.close()
    }
  })
}

/** Takes the edge off one damage in the copy: LevelDB then finds nothing there instead of nonsense. */
async function blunt(scratch: string, { file, block }: FileDamage): Promise<void> {
  const path = join(scratch, file)
  if (file.endsWith('.log')) return
  if (block === undefined) return truncate(path, 0)
  const handle = await open(path, 'r+')
  await handle.write(emptyBlock(block), 0, undefined, block.offset)
  await handle.close()
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
