/**
 * What people type or pipe, as texts to send. Input is a stream without end for all this program knows, so that
 * of a text that is too long only the beginning is ever read or kept.
 */
import { TEXT_MAX_BYTES } from '../../wire/limits.ts'
import { ChatError } from '../api/errors.ts'

type Input = AsyncIterable<Uint8Array>

/** With the end of the line, which is no part of the text. */
const KEPT_MAX_BYTES = TEXT_MAX_BYTES + 2
const LINE_FEED = 10

const tooLong = (): ChatError =>
  new ChatError('TEXT_TOO_LONG', `the text has more than ${TEXT_MAX_BYTES} bytes`)

const decoded = (parts: readonly Uint8Array[]): string => new TextDecoder().decode(Buffer.concat(parts))

/** All of it as one text without its last line break. Rejects with TEXT_TOO_LONG, the rest unread. */
export const typedText = async (input: Input): Promise<string> => {
  const parts: Uint8Array[] = []
  let bytes = 0
  for await (const part of input) {
    bytes += part.length
    if (bytes > KEPT_MAX_BYTES) throw tooLong()
    parts.push(part)
  }
  return decoded(parts).replace(/\r?\n$/, '')
}

/** A text a line; in place of one that is too long TEXT_TOO_LONG, as soon as that is certain. */
export async function* typedLines(input: Input): AsyncGenerator<string | ChatError> {
  let parts: Uint8Array[] = []
  let bytes = 0
  const isTooLong = (): boolean => bytes > KEPT_MAX_BYTES
  /** Whether the line has just become too long. */
  const take = (piece: Uint8Array): boolean => {
    const was = isTooLong()
    bytes += piece.length
    if (isTooLong()) parts = []
    else parts.push(piece)
    return isTooLong() && !was
  }
  for await (const part of input) {
    let from = 0
    for (let end = part.indexOf(LINE_FEED); end >= 0; end = part.indexOf(LINE_FEED, from)) {
      if (take(part.subarray(from, end))) yield tooLong()
      if (!isTooLong()) yield decoded(parts).replace(/\r$/, '')
      from = end + 1
      parts = []
      bytes = 0
    }
    if (take(part.subarray(from))) yield tooLong()
  }
  if (bytes > 0 && !isTooLong()) yield decoded(parts)
}
