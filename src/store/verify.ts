/**
 * Verifies a whole log: that everything written is there, reads as it was written, was signed by who it says,
 * and can be found. It needs the disk and the vault only, so it also runs on a log that does not open; it never
 * writes, and goes on behind every damage it meets.
 */
import type { Disk } from './disk.ts'
import { checkLayout, readStanding } from './opening.ts'
import { Shelves } from './shelves.ts'
import { StoreError } from './store-error.ts'
import type { Vault } from './vault.ts'
import { Findings, type VerifyReport } from './verify-findings.ts'
import { IndexWalk } from './verify-indexes.ts'
import { RecordWalk } from './verify-records.ts'

export interface Verified {
  readonly disk: Disk
  readonly vault: Vault
}

/**
 * Verifies a log that is open, also while it is written to; `known` is damage that cannot be seen from there. Of
 * one that is not open, see `verifyDirectory`.
 */
export async function verifyLog(log: Verified, known?: StoreError): Promise<VerifyReport> {
  const findings = new Findings()
  if (known !== undefined) findings.caught('the files of the log', known, 'disk')
  await verifyInto(findings, log)
  return findings.report()
}

export async function verifyInto(findings: Findings, { disk, vault }: Verified): Promise<void> {
  const shelves = new Shelves(disk, vault)
  if (!(await isReadable(shelves, vault, findings))) return
  await findings.part('the log', 'disk', async () => {
    const { position } = await readStanding(shelves)
    const walked = await new RecordWalk(shelves, findings).walk(position)
    const isStill = (await readStanding(shelves)).position === position
    await new IndexWalk(shelves, findings, walked, isStill).walk()
  })
}

/** A damaged head hides nothing behind it; a newer layout or another key leaves nothing that could be judged. */
async function isReadable(shelves: Shelves, vault: Vault, findings: Findings): Promise<boolean> {
  try {
    await checkLayout(shelves, vault, { found: false })
    return true
  } catch (error) {
    findings.caught('the head of the log', error, 'opening')
    return error instanceof StoreError && error.kind === 'damaged'
  }
}
