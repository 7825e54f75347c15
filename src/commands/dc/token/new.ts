/** `ntm dc token new`: an invite token, good for one name. */
import { Flags } from '@oclif/core'
import { oneCall } from '../../base/one-call.ts'

const DAY_MS = 24 * 60 * 60 * 1000

export default oneCall<{ token: string }>({
  summary: 'make an invite token',
  flags: { days: Flags.integer({ description: 'days until it expires', default: 7, min: 1, max: 3650 }) },
  method: 'dc.token.new',
  params: ({ days }) => ({ lifetimeMs: days * DAY_MS }),
  tell: ({ token }) => token,
})
