/**
 * Bytes that say where in which stream they belong: what is read is compared with what must stand there, without anybody
 * keeping what was written.
 */
import { SeededRandom } from '../../../../src/kernel/testing/seeded-random.ts'

/** A prime, so that no shift by a power of two finds the same bytes. */
const PERIOD = 65_521
const table = Buffer.from(new SeededRandom(4).bytes(PERIOD))
const twice = Buffer.concat([table, table])

const startOf = (key: number, offset: number): number => (key * 7_919 + offset) % PERIOD

/** The bytes of stream `key` from `offset` on. */
export function patternOf(key: number, offset: number, bytes: number): Buffer {
  const out = Buffer.allocUnsafe(bytes)
  for (let done = 0; done < bytes; ) {
    const from = startOf(key, offset + done)
    done += twice.copy(out, done, from, from + Math.min(PERIOD, bytes - done))
  }
  return out
}

/** Whether these are the bytes of stream `key` from `offset` on. */
export const isPattern = (key: number, offset: number, bytes: Uint8Array): boolean =>
  patternOf(key, offset, bytes.length).equals(bytes)
