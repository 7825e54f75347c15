/**
 * Sixteen-bit numbers in network order. A DataView would be one more object per packet; these are two loads.
 */

/** Reads past the end give 0: callers check lengths first. */
export const readU16 = (bytes: Uint8Array, at: number): number =>
  ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)

/** Writes the low 16 bits of `value`. */
export const writeU16 = (bytes: Uint8Array, at: number, value: number): void => {
  bytes[at] = value >>> 8
  bytes[at + 1] = value
}
