/** What most cases do with a connection: both sides write at once, close their halves, and read the other's to the end. */
import { expect } from 'vitest'
import { type Bench, closed, type Pair } from './bench.ts'
import { readBytes, writeBytes } from './bytes.ts'

/** `waitMs`: how long the kernel's side may take with each step. */
export const exchange = async (
  { peer }: Bench,
  { ours, theirs }: Pair,
  {
    fromUs,
    fromThem,
    waitMs,
  }: { readonly fromUs: number; readonly fromThem: number; readonly waitMs?: number },
): Promise<void> => {
  const reading = readBytes(ours)
  const ended = peer.next('ended', theirs, waitMs)
  const written = peer.next('written', theirs, waitMs)
  peer.tell('write', theirs, { bytes: fromThem, seed: 2 })
  written.then(() => peer.tell('end', theirs))
  const hash = await writeBytes(ours, fromUs, 1)
  ours.end()
  expect(await ended).toMatchObject({ bytes: fromUs, hash })
  expect(await reading).toEqual({ bytes: fromThem, hash: (await written).hash })
  await closed(ours)
  await peer.next('closed', theirs)
}
