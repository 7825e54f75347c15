/** `ntm contact accept`: accept a person, or the new keys of one. */
import { contactVerb } from '../base/contact-verb.ts'

export default contactVerb('accept', 'accept a person, or the new keys of one')
