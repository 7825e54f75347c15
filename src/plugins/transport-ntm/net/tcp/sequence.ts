/**
 * Sequence numbers (RFC 9293 §3.4). Inside a connection everything counts in offsets, which are plain integers that
 * only grow: 0 is the SYN of a side and 1 its first byte. The 32 bits of the wire exist where a segment is read or
 * written, and this is how the two are turned into each other.
 */

/** What stands on the wire for an offset of the side whose initial sequence number is `initial`. */
export const wireOf = (initial: number, offset: number): number => (initial + offset) >>> 0

/** The offset that a number on the wire means: of all that it could mean, the one nearest to `expected`. */
export const offsetOf = (initial: number, expected: number, wire: number): number =>
  expected + ((wire - wireOf(initial, expected)) | 0)

/** Whether `a` comes before `b` among numbers that wrap around at 2^32, such as timestamps (RFC 7323 §5.2). */
export const isBefore = (a: number, b: number): boolean => ((a - b) | 0) < 0
