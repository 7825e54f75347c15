/**
 * How many bytes a decoded value carries, so that a test can tell a parser that makes much out of little. Texts
 * count as UTF-8, hex ids as the bytes they stand for.
 */
export function weightOf(value: unknown): number {
  if (value instanceof Uint8Array) return value.length
  if (typeof value === 'string') {
    return /^([0-9a-f]{2}){8,}$/.test(value) ? value.length / 2 : Buffer.byteLength(value)
  }
  if (typeof value !== 'object' || value === null) return 0
  const parts = Array.isArray(value) ? value : Object.entries(value).flat()
  return parts.reduce((sum: number, part) => sum + weightOf(part), 0)
}
