/**
 * How many columns of a terminal a text takes, so that what is to stay on one line does. Terminals differ about some
 * characters, so whatever may be wide counts as two: a line can come out shorter than it could be, never longer.
 */

/** Marks stand on the character before them, the later letters of a Korean syllable within it, a joiner nowhere. */
const NONE = /^[\p{Mn}\p{Me}\u1160-\u11ff\u200d]$/u
/** Narrow forms of what is wide otherwise. */
const NARROW = /^[\uff61-\uffdc\uffe8-\uffee]$/u
const WIDE =
  /^[\p{Emoji_Presentation}\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Bopomofo}\p{Script=Yi}\p{Script=Tangut}\p{Script=Nushu}\p{Script=Khitan_Small_Script}\u2e80-\u303f\u3190-\u33ff\u4dc0-\u4dff\uff00-\uffef\u{1f000}-\u{1faff}]$/u

function columnsOfOne(character: string): number {
  // Asks for the coloured form of the character before it, which is a column wider then.
  if (character === '\ufe0f') return 1
  if (NONE.test(character)) return 0
  return WIDE.test(character) && !NARROW.test(character) ? 2 : 1
}

/** Of text that is printable. */
export const columnsOf = (text: string): number =>
  [...text].reduce((sum, character) => sum + columnsOfOne(character), 0)

const letters = new Intl.Segmenter()

/** All of it if it fits, or as many whole letters as fit with three dots behind. */
export function cutToColumns(text: string, columns: number): string {
  if (columnsOf(text) <= columns) return text
  const dots = '...'.slice(0, Math.max(0, columns))
  let left = columns - dots.length
  let kept = ''
  for (const { segment } of letters.segment(text)) {
    left -= columnsOf(segment)
    if (left < 0) break
    kept += segment
  }
  return kept + dots
}
