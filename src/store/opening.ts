/**
 * Whether this log may be opened at all: it is of a layout that this program knows, it belongs to the given
 * vault, and it is whole enough to say where it stands. A new log is made only on a disk that holds nothing.
 */
import { type Disk, put } from './disk.ts'
import type { Standing } from './gathering.ts'
import { LAYOUT, lastNumber } from './keyspace.ts'
import type { Shelves } from './shelves.ts'
import { StoreError } from './store-error.ts'
import type { Vault } from './vault.ts'

const MAGIC = Buffer.from('ntm-chat log\n', 'latin1')
const CHECK = Buffer.from('this value opens with the right key', 'latin1')
const EVERYTHING = { gte: new Uint8Array(0), lt: Uint8Array.of(0xff), limit: 1, keysOnly: true }

const equal = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0

/** Layout 1: magic, one byte of layout, the store id. A later layout may put anything behind its number. */
const layoutBytes = (vault: Vault): Uint8Array => Buffer.concat([MAGIC, Uint8Array.of(LAYOUT), vault.storeId])

async function isEmpty(disk: Disk): Promise<boolean> {
  for await (const _ of disk.range({ ...EVERYTHING, limit: 1 })) return false
  return true
}

/**
 * Throws StoreError unless the log is this vault's and of this layout. With `found` a log is founded where there
 * is nothing at all; without it nothing is written.
 */
export async function checkLayout(
  shelves: Shelves,
  vault: Vault,
  how: { readonly found: boolean },
): Promise<void> {
  const { disk, keys } = shelves
  const found = await disk.get(keys.layout)
  if (found === undefined) {
    if (!how.found || !(await isEmpty(disk))) throw shelves.damaged('its first entry', 'it is missing')
    const ops = [put(keys.layout, layoutBytes(vault)), put(keys.check, vault.seal(keys.check, CHECK))]
    return disk.batch(ops, { sync: true })
  }
  if (found.length <= MAGIC.length || !equal(found.subarray(0, MAGIC.length), MAGIC))
    throw shelves.damaged('its first entry', 'it is not that of an ntm-chat log')
  const layout = found[MAGIC.length]!
  if (layout > LAYOUT)
    throw new StoreError('newer', `the log has layout ${layout}; this program knows layouts up to ${LAYOUT}`)
  const check = await disk.get(keys.check)
  if (check === undefined) throw shelves.damaged('its key check', 'it is missing')
  const opened = vault.open(keys.check, check)
  if (opened === undefined || !equal(opened, CHECK))
    throw new StoreError('wrong-key', 'the key does not open this log')
  // The key fits and its store id was authenticated with it, so it is the entry that is wrong.
  if (!equal(found, layoutBytes(vault))) throw shelves.damaged('its first entry', 'it was changed')
}

/** The newest position and journal number: all that is read when a log is opened. */
export async function readStanding({ disk, keys }: Shelves): Promise<Standing> {
  const last = async (kind: 'record' | 'journal'): Promise<number> => {
    for await (const [key] of disk.range({ ...keys.all(kind), reverse: true, limit: 1, keysOnly: true }))
      return lastNumber(key)
    return 0
  }
  return { position: await last('record'), journal: await last('journal') }
}
