/** `ntm tun deny`: a person's programs may answer programs of this machine, and no more. */
import { tunVerb } from '../base/tun-verb.ts'

export default tunVerb(
  'deny',
  "let a person's programs only answer those of this machine",
  'It counts at once, also for what is under way. Nobody is let in who was not allowed.',
)
