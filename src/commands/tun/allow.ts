/** `ntm tun allow`: a person's programs may begin to talk to programs of this machine. */
import { tunVerb } from '../base/tun-verb.ts'

export default tunVerb(
  'allow',
  "let a person's programs reach those of this machine",
  'It counts for every program that listens on all addresses, and holds until `ntm tun deny`.',
)
