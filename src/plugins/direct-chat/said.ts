/**
 * The one event of a conversation so far: somebody said a text. Its data is a map with the text; fields that
 * later revisions add are ignored by this one.
 */
import type { Opened } from '../../events/envelope.ts'
import { ChatError, type Draft, type EventData, type EventKind } from '../../kernel/api/index.ts'
import { TEXT_MAX_BYTES } from '../../wire/limits.ts'
import { TEXT_REV, TEXT_TYPE } from '../../wire/text-data.ts'

interface TextData {
  readonly text: string
}

const isTextData = (data: unknown): data is TextData =>
  typeof data === 'object' &&
  data !== null &&
  typeof (data as { text?: unknown }).text === 'string' &&
  Buffer.byteLength((data as TextData).text) <= TEXT_MAX_BYTES

export const SAID: EventKind = { type: TEXT_TYPE, rev: TEXT_REV, accepts: isTextData }

/** What an event says if it is a text; undefined if it is anything else. */
export function textOf(data: EventData, event: Opened): string | undefined {
  return event.envelope.type === TEXT_TYPE ? (data.of(event) as TextData | undefined)?.text : undefined
}

/** Throws TEXT_TOO_LONG beyond 64 KiB of UTF-8, and USAGE for nothing or for half a character. */
export function decideSay(text: string): Draft {
  if (text === '') throw new ChatError('USAGE', 'there is no text to send')
  if (!text.isWellFormed()) throw new ChatError('USAGE', 'the text is not valid Unicode')
  const bytes = Buffer.byteLength(text)
  if (bytes > TEXT_MAX_BYTES)
    throw new ChatError('TEXT_TOO_LONG', `the text has ${bytes} bytes, more than ${TEXT_MAX_BYTES}`)
  return { type: TEXT_TYPE, rev: TEXT_REV, data: { text } }
}
