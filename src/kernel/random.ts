/**
 * The machine's own source of chance: libsodium's generator. This file is the only place that draws from it;
 * everything else is handed a Random, so that a simulator can repeat a run.
 */
import sodium from 'sodium-native'
import type { Random } from './api/index.ts'

const POOL_BYTES = 4096
const HIGH_BITS = 0x20_0000
const LOW_RANGE = 2 ** 32
const RANGE = 2 ** 53

const pool = Buffer.alloc(POOL_BYTES)
let used = POOL_BYTES

/** 53 uniform bits as a number in [0, 1). Drawn from a pool, because a native call per number costs more. */
function next(): number {
  if (used === POOL_BYTES) {
    sodium.randombytes_buf(pool)
    used = 0
  }
  const high = pool.readUInt32LE(used) % HIGH_BITS
  const low = pool.readUInt32LE(used + 4)
  used += 8
  return (high * LOW_RANGE + low) / RANGE
}

/** Keys, salts and nonces come from here too: `bytes` never uses the pool. */
export const systemRandom: Random = {
  bytes: count => {
    const out = new Uint8Array(count)
    sodium.randombytes_buf(out)
    return out
  },
  next,
}
