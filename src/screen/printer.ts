/**
 * The one way that a stranger's text reaches a terminal. Whatever could move the cursor, recolour
 * the screen, reverse the reading order or hide letters is shown as its code; what is stored stays untouched.
 */

/** Controls, format characters (bidi, zero width), lone surrogates, line separators, everything invisible. */
const DANGEROUS = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu

const code = (character: string): string => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`

const isEmojiJoin = (text: string, at: number): boolean => {
  const before = text.slice(0, at).match(/(\p{Extended_Pictographic}|\p{Emoji_Modifier}|\ufe0f)$/u)
  const after = text.slice(at + 1).match(/^\p{Extended_Pictographic}/u)
  return before !== null && after !== null
}

/** Emoji are held together by a zero-width joiner and coloured by a variation selector: only there both pass. */
const passes = (character: string, text: string, at: number): boolean =>
  (character === '\u200d' && isEmojiJoin(text, at)) ||
  (character === '\ufe0f' && /\p{Emoji}$/u.test(text.slice(0, at)))

/** A name, or one line of text: nothing in it can leave the line or change what stands around it. */
export const printable = (text: string): string =>
  text
    .toWellFormed()
    .replace(DANGEROUS, (character, at: number, whole: string) =>
      passes(character, whole, at) ? character : code(character),
    )

/** Text of several lines; every line is printable and indented, so that none can pose as another message. */
export const printableLines = (text: string, indent: string): string =>
  text
    .split(/\r\n|\n|\r/)
    .map(printable)
    .join(`\n${indent}`)
