/**
 * TAI64N timestamps, which make a replayed first message worthless: each must be greater than the last one that
 * the same key sent. Ours are max(clock, last + 1), so a clock that steps back does not lock us out
 * (FORMATS 5.4).
 */

const TAI64_EPOCH = 0x4000_0000_0000_000an
const NANOS_PER_SECOND = 1_000_000_000n
const NANOS_PER_MS = 1_000_000n

/** The 12 bytes for a wall clock in milliseconds, made greater than `last` if need be. */
export function nextTimestamp(wallMs: number, last: Uint8Array | undefined): Uint8Array {
  const clock = BigInt(Math.floor(wallMs)) * NANOS_PER_MS
  const afterLast = last === undefined ? 0n : nanosOf(last) + 1n
  return encode(clock > afterLast ? clock : afterLast)
}

/** Whether `a` is later than `b`. Big-endian, so bytes compare as numbers do. */
export function isLater(a: Uint8Array, b: Uint8Array): boolean {
  for (let at = 0; at < a.length; at++) {
    if (a[at] !== b[at]) return a[at]! > b[at]!
  }
  return false
}

function encode(nanos: bigint): Uint8Array {
  const bytes = new Uint8Array(12)
  const view = new DataView(bytes.buffer)
  view.setBigUint64(0, TAI64_EPOCH + nanos / NANOS_PER_SECOND)
  view.setUint32(8, Number(nanos % NANOS_PER_SECOND))
  return bytes
}

function nanosOf(timestamp: Uint8Array): bigint {
  const view = new DataView(timestamp.buffer, timestamp.byteOffset, timestamp.byteLength)
  return (view.getBigUint64(0) - TAI64_EPOCH) * NANOS_PER_SECOND + BigInt(view.getUint32(8))
}
