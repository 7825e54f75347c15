/**
 * The one shape of data that compact frames leave out: `chat.said` rev 1 with nothing but a text. Its bytes are
 * fixed here to the last one, because a receiver must rebuild exactly what the author hashed.
 */
import { TEXT_MAX_BYTES } from './limits.ts'
import { isUtf8 } from './utf8.ts'

export const TEXT_TYPE = 'chat.said'
export const TEXT_REV = 1

/** A map of one entry, and its key: {"text": … */
const HEAD = Uint8Array.of(0x81, 0xa4, 0x74, 0x65, 0x78, 0x74)

function textHead(length: number): readonly number[] {
  if (length < 0x20) return [0xa0 | length]
  if (length < 0x1_00) return [0xd9, length]
  if (length < 0x1_0000) return [0xda, length >> 8, length & 0xff]
  return [0xdb, 0, length >> 16, (length >> 8) & 0xff, length & 0xff]
}

/** msgpack of {text}, from the text's UTF-8 of at most 64 KiB. */
export function textData(utf8: Uint8Array): Uint8Array {
  const head = textHead(utf8.length)
  const data = new Uint8Array(HEAD.length + head.length + utf8.length)
  data.set(HEAD)
  data.set(head, HEAD.length)
  data.set(utf8, HEAD.length + head.length)
  return data
}

/** The text's UTF-8 as a view, if the data is exactly what `textData` would make of it. */
export function textOf(data: Uint8Array): Uint8Array | undefined {
  for (const [index, byte] of HEAD.entries()) if (data[index] !== byte) return undefined
  const lead = data[HEAD.length] ?? 0
  const headBytes = lead === 0xdb ? 5 : lead === 0xda ? 3 : lead === 0xd9 ? 2 : 1
  const length = data.length - HEAD.length - headBytes
  if (length < 0 || length > TEXT_MAX_BYTES) return undefined
  const isShortest = textHead(length).every((byte, index) => data[HEAD.length + index] === byte)
  const utf8 = data.subarray(HEAD.length + headBytes)
  return isShortest && textHead(length).length === headBytes && isUtf8(utf8) ? utf8 : undefined
}
