/**
 * The Internet checksum (RFC 1071): the one's complement of the one's complement sum of 16-bit words. Sums are
 * kept unfolded between calls, so that a pseudo header, a header and a payload are added up where they lie.
 */

/** A view costs as much as the bytes that it saves below this. */
const VIEWED_FROM_BYTES = 64
/** Of the memory that was summed last: packets are built in one place and opened in another. */
let view: DataView = new DataView(new ArrayBuffer(0))

/**
 * Adds the words of `bytes[start, end)` to `sum`. An odd last byte counts as the high half of a word, so only
 * the last piece of what is summed may have an odd length. Holds for 64 KiB in all.
 */
export const addWords = (bytes: Uint8Array, start: number, end: number, sum = 0): number => {
  if (end - start < VIEWED_FROM_BYTES) return addByBytes(bytes, start, end, sum)
  const { buffer, byteOffset } = bytes
  if (view.buffer !== buffer) view = new DataView(buffer)
  const words = view
  // Folded, 2^16 is 1, so that two words may be added as one of 32 bits. Half the time of bytes (measured at 1,200).
  let total = sum
  let at = start + byteOffset
  for (const last = end + byteOffset - 16; at <= last; at += 16)
    total +=
      words.getUint32(at) + words.getUint32(at + 4) + words.getUint32(at + 8) + words.getUint32(at + 12)
  return addByBytes(bytes, at - byteOffset, end, total)
}

const addByBytes = (bytes: Uint8Array, start: number, end: number, sum: number): number => {
  let high = 0
  let low = 0
  let at = start
  for (; at + 1 < end; at += 2) {
    high += bytes[at]!
    low += bytes[at + 1]!
  }
  if (at < end) high += bytes[at]!
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
