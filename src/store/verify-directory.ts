/**
 * Verifies a LevelDB directory that nobody has open, from its files up. Where files are damaged, or a write was
 * never finished, it reads a copy: LevelDB would clear away what a person may still want to look at.
 */
import { readdir, rm } from 'node:fs/promises'
import { DiskError } from './disk.ts'
import { copyAround } from './level-copy.ts'
import { openLevelDisk } from './level-disk.ts'
import { checkJournals, checkTables } from './level-files.ts'
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
  // What is read in the copy lies in the log: nobody will find the copy.
  const findings = new Findings(text => text.replaceAll(scratch, location))
  if ((await readdir(location).catch(() => [])).length === 0) {
    await verifyAt(location, vault, findings)
    return findings.report()
  }
  const journals = await checkJournals(location)
  const damage = [...(await checkTables(location)), ...journals.damage]
  for (const { file, offset, what } of damage) findings.damaged(`file ${file}, byte ${offset}`, what, 'disk')
  for (const { file, offset } of journals.torn) findings.unfinished.push(`file ${file}, byte ${offset}`)
  if (damage.length === 0 && journals.torn.length === 0) await verifyAt(location, vault, findings)
  else {
    try {
      await copyAround(location, scratch, damage)
      await verifyAt(scratch, vault, findings)
    } finally {
      await rm(scratch, { recursive: true, force: true })
    }
  }
  return findings.report()
}

async function verifyAt(location: string, vault: Vault, findings: Findings): Promise<void> {
  const opening = openLevelDisk({ location, create: false, trustJournal: true })
  // One that another process has open, or a full disk keeps from being opened, is not damaged for that.
  await opening.catch(error => {
    if (error instanceof DiskError && (error.kind === 'locked' || error.kind === 'full')) throw error
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
