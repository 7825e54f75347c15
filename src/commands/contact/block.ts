/** `ntm contact block`: store nothing from a person and answer nothing. */
import { contactVerb } from '../base/contact-verb.ts'

export default contactVerb('block', 'store nothing from a person and answer nothing')
