/**
 * The shapes that decoded data is asked for again and again. Whatever comes from outside is `unknown` until one of
 * these has said otherwise; none of them throws.
 */

/** A map of decoded data. */
export const isFields = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array)

/** Exactly so many bytes. */
export const isBytes = (value: unknown, length: number): value is Uint8Array =>
  value instanceof Uint8Array && value.length === length

/** A whole number from 0 on that a double holds exactly. */
export const isCount = (value: unknown): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0
