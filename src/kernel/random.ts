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

/** What `bytes` takes from the pool: nonces and salts, of which every event needs several. Keys are longer. */
const POOLED_MAX_BYTES = 24

const pool = Buffer.alloc(POOL_BYTES)
let used = POOL_BYTES

/** The next bytes of the pool, because a native call for each number or nonce costs more than all else about it. */
function take(count: number): Buffer {
  if (used + count > POOL_BYTES) {
    sodium.randombytes_buf(pool)
    used = 0
  }
  used += count
  return pool.subarray(used - count, used)
}

function bytes(count: number): Uint8Array {
  const out = new Uint8Array(count)
  if (count > POOLED_MAX_BYTES) sodium.randombytes_buf(out)
  else {
    const taken = take(count)
    out.set(taken)
    taken.fill(0)
  }
  return out
}

/** 53 uniform bits as a number in [0, 1). */
function next(): number {
  const taken = take(8)
  return ((taken.readUInt32LE(0) % HIGH_BITS) * LOW_RANGE + taken.readUInt32LE(4)) / RANGE
}

export const systemRandom: Random = { bytes, next }
