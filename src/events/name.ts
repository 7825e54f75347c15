/**
 * The grammar of names. A name is a fully qualified domain name in lower-case A-labels without a trailing
 * dot, everywhere: in records, in messages, in the store. Whatever a person types is brought into this form
 * at the command line, so that two spellings can never be two names.
 */

/** RFC 1035 §2.3.4, less the length and root octets that are not written. */
const NAME_MAX_CHARACTERS = 253

const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/
/** RFC 5891 §4.2.3.1: two hyphens there are reserved, and only `xn--` is in use. */
const RESERVED_LABEL = /^(?!xn)..--/
const ALL_DIGITS = /^[0-9]+$/

const isLabel = (text: string): boolean => LABEL.test(text) && !RESERVED_LABEL.test(text)

/** Whether text is a domain that names can stand under: one label or more, the last not a number. */
export function isDomain(text: string): boolean {
  if (text.length > NAME_MAX_CHARACTERS) return false
  const labels = text.split('.')
  return labels.every(isLabel) && !ALL_DIGITS.test(labels[labels.length - 1]!)
}

/** Whether text is a name: a domain of at least two labels. */
export const isName = (text: string): boolean => text.includes('.') && isDomain(text)

/** Whether the name stands under the domain, at any depth. */
export const isUnder = (name: string, domain: string): boolean => name.endsWith(`.${domain}`)
