/**
 * Names that strangers give to files, as names that do no harm on any disk: one part of a path, visible, no device of
 * Windows, neither hidden nor a switch, and short enough for the names that are made of it.
 */
import { PATH_MAX_BYTES, PATH_MAX_DEPTH } from './limits.ts'

/** Longest name that is written: a file system takes 255, and a number or an ending may come to it. */
const SAFE_MAX_BYTES = 200
const EXTENSION_MAX_BYTES = 32

/** Controls, format characters, lone surrogates, separators of lines, and what some system gives a meaning in names. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}/\\:*?"<>|]/gu
/** Windows means devices by these, whatever the ending. */
const DEVICE = /^(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])\s*(\.|$)/iu
const NAMELESS = 'file'

const bytesOf = (text: string): number => Buffer.byteLength(text)

/** Whole characters, at most so many bytes of them. */
export function cut(text: string, maxBytes: number): string {
  let kept = ''
  let bytes = 0
  for (const character of text) {
    bytes += bytesOf(character)
    if (bytes > maxBytes) break
    kept += character
  }
  return kept
}

/** The last ending, with its dot. */
function endingOf(name: string): string {
  const at = name.lastIndexOf('.')
  const ending = at <= 0 ? '' : name.slice(at)
  return bytesOf(ending) <= EXTENSION_MAX_BYTES ? ending : ''
}

function shortened(name: string): string {
  if (bytesOf(name) <= SAFE_MAX_BYTES) return name
  const ending = endingOf(name)
  return cut(name.slice(0, name.length - ending.length), SAFE_MAX_BYTES - bytesOf(ending)) + ending
}

/** One part of a path. Windows drops dots and blanks at the end, so they would name something else. */
function safePart(name: string): string {
  const cleaned = name.normalize('NFC').toWellFormed().replace(UNSAFE, '_')
  const trimmed = shortened(cleaned).replace(/[. ]+$/u, '')
  const named = trimmed.trim() === '' ? NAMELESS : trimmed
  return DEVICE.test(named) ? `_${named}` : named
}

/** The name under which something offered is written; it is not hidden, and no switch of `rm *`. */
export const safeName = (name: string): string => safePart(name).replace(/^[.-]/, '_')

/**
 * A path inside a folder as safe parts. Undefined for what would lead out of the folder or is no path at all: honest
 * senders make none of these.
 */
export function safePath(parts: readonly string[]): readonly string[] | undefined {
  if (bytesOf(parts.join('/')) > PATH_MAX_BYTES || parts.length > PATH_MAX_DEPTH) return undefined
  if (parts.some(part => part === '' || part === '.' || part === '..')) return undefined
  return parts.map(safePart)
}

/** `name (2).ext` and so on; the first is the name itself. */
export function numbered(name: string, number: number): string {
  if (number === 1) return name
  const ending = endingOf(name)
  return `${name.slice(0, name.length - ending.length)} (${number})${ending}`
}

/** Equal for names that some file system takes for the same. */
export const foldedName = (name: string): string => name.normalize('NFC').toLowerCase().toUpperCase()
