/** `ntm contact block`: store nothing from a person and answer nothing. */
import { contactVerb } from '../base/contact-verb.ts'

export default contactVerb(
  'block',
  'store nothing from a person and answer nothing',
  'They see what is seen of somebody away: queued, or sent while a tunnel of before seems to live.',
)
