/**
 * Whether bytes are UTF-8 (RFC 3629 §4), without making a string of them. Overlong forms, surrogates and
 * anything beyond U+10FFFF are refused, so that every device reads the same text from the same bytes.
 */

const isTail = (byte: number | undefined): boolean => byte !== undefined && (byte & 0xc0) === 0x80

/** The least and greatest second byte after this lead byte, and how many bytes follow it in all. */
function shapeOf(lead: number): readonly [low: number, high: number, tails: number] | undefined {
  if (lead >= 0xc2 && lead <= 0xdf) return [0x80, 0xbf, 1]
  if (lead === 0xe0) return [0xa0, 0xbf, 2]
  if (lead === 0xed) return [0x80, 0x9f, 2]
  if (lead >= 0xe1 && lead <= 0xef) return [0x80, 0xbf, 2]
  if (lead === 0xf0) return [0x90, 0xbf, 3]
  if (lead >= 0xf1 && lead <= 0xf3) return [0x80, 0xbf, 3]
  if (lead === 0xf4) return [0x80, 0x8f, 3]
  return undefined
}

/** Whether bytes[start, end) are UTF-8. */
export function isUtf8(bytes: Uint8Array, start = 0, end = bytes.length): boolean {
  let at = start
  while (at < end) {
    const lead = bytes[at]!
    if (lead < 0x80) {
      at += 1
      continue
    }
    const shape = shapeOf(lead)
    if (shape === undefined) return false
    const [low, high, tails] = shape
    if (at + tails >= end) return false
    const second = bytes[at + 1]!
    if (second < low || second > high) return false
    for (let tail = 2; tail <= tails; tail += 1) if (!isTail(bytes[at + tail])) return false
    at += tails + 1
  }
  return true
}
