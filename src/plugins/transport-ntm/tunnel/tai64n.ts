/**
 * TAI64N timestamps, which make a replayed first message worthless: each must be greater than the last one that
 * the same key sent. Ours are max(clock, last + 1), so a clock that steps back does not lock us out.
 * Those of others are kept as text, one character a byte: it compares as the bytes do, and a server
 * keeps many.
 */

declare const kind: unique symbol
/** The 12 bytes as latin1. */
export type Timestamp = string & { readonly [kind]: 'timestamp' }

export const timestampOf = (bytes: Uint8Array): Timestamp =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1') as Timestamp

const TAI64_EPOCH = 0x4000_0000_0000_000an
const NANOS_PER_SECOND = 1_000_000_000n
const NANOS_PER_MS = 1_000_000n

/** The 12 bytes for a wall clock in milliseconds, made greater than `last` if need be. */
export function nextTimestamp(wallMs: number, last: Uint8Array | undefined): Uint8Array {
  const clock = BigInt(Math.floor(wallMs)) * NANOS_PER_MS
  const afterLast = last === undefined ? 0n : nanosOf(last) + 1n
  return encode(clock > afterLast ? clock : afterLast)
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
