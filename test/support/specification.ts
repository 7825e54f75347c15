/**
 * Whether a specification says a phrase, wherever its lines are broken. Words and numbers are whole ones: "20 s" is not said
 * by "120 s".
 */
export const phrasesOf = (specification: string): ((phrase: string) => boolean) => {
  const text = specification.replace(/\s+/g, ' ')
  return phrase => {
    const literal = phrase.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')
    return new RegExp(`(?<![\\w,.])${literal}(?!\\w|[,.]\\d)`).test(text)
  }
}

/** Numbers as specifications write them. */
export const seconds = (ms: number): string => `${ms / 1_000} s`
export const minutes = (ms: number): string => `${ms / 60_000} min`
export const hours = (ms: number): string => `${ms / 3_600_000} h`
export const grouped = (count: number): string => count.toLocaleString('en')
/** `3/4`: in the smallest whole numbers, of what powers of two divide. */
export const fraction = (share: number): string => {
  let parts = 1
  while (!Number.isInteger(share * parts)) parts *= 2
  return `${share * parts}/${parts}`
}
