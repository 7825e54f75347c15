/**
 * Walks over records, straight or by the positions that an index gives. What a walk does when it meets a
 * damaged record depends on what is built from it, so each caller has to say.
 */
import type { Recorded } from '../events/envelope.ts'
import type { Range } from './disk.ts'
import { lastNumber } from './keyspace.ts'
import type { Shelves } from './shelves.ts'
import { StoreError } from './store-error.ts'

const RECORDS_AT_A_TIME = 64

/** `skip` leaves the record out, `stop` ends the walk before it, `throw` rejects. */
type AtDamage = 'skip' | 'stop' | 'throw'

/** The records in a range of record keys, without those that are damaged. */
export async function* recordsIn(shelves: Shelves, range: Range): AsyncGenerator<Recorded> {
  for await (const [key, sealed] of shelves.disk.range(range)) {
    const recorded = readable(() => shelves.record(key, sealed))
    if (recorded !== undefined) yield recorded
  }
}

/** The records whose positions stand at the end of the keys in a range. */
export async function* pointedAt(
  shelves: Shelves,
  range: Range,
  atDamage: AtDamage,
): AsyncGenerator<Recorded> {
  for await (const keys of recordKeysIn(shelves, range)) {
    const values = await shelves.disk.getMany(keys)
    for (const [index, key] of keys.entries()) {
      const read = () => shelves.record(key, values[index])
      const recorded = atDamage === 'throw' ? read() : readable(read)
      if (recorded !== undefined) yield recorded
      else if (atDamage === 'stop') return
    }
  }
}

async function* recordKeysIn({ disk, keys }: Shelves, range: Range): AsyncGenerator<readonly Uint8Array[]> {
  let found: Uint8Array[] = []
  for await (const [pointer] of disk.range({ ...range, keysOnly: true })) {
    found.push(keys.record(lastNumber(pointer)))
    if (found.length < RECORDS_AT_A_TIME) continue
    yield found
    found = []
  }
  if (found.length > 0) yield found
}

function readable(read: () => Recorded): Recorded | undefined {
  try {
    return read()
  } catch (error) {
    if (error instanceof StoreError) return undefined
    throw error
  }
}
