/**
 * What the bare disk does: appends as much as one text costs to a growing file and syncs it, with no library and
 * no thread in between. Every durable figure is read beside this one, taken in the same run.
 */
import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'

/** About what one text writes: record, three index entries, tips. */
const BYTES = 1024

/** Milliseconds of each append and sync; with `pauseMs` between them the disk has gone quiet before each. */
export const syncProbe = async (
  directory: string,
  count: number,
  pauseMs = 0,
): Promise<readonly number[]> => {
  const path = join(directory, `sync-probe-${process.pid}`)
  const file = openSync(path, 'w')
  const bytes = Buffer.alloc(BYTES, 7)
  const tookMs: number[] = []
  for (let n = 0; n < count; n += 1) {
    if (pauseMs > 0) await new Promise(done => setTimeout(done, pauseMs))
    const startedMs = performance.now()
    writeSync(file, bytes)
    fdatasyncSync(file)
    tookMs.push(performance.now() - startedMs)
  }
  closeSync(file)
  rmSync(path)
  return tookMs
}
