/** `ntm dc relay remove KEY`: nobody is sent to this relay any more. */
import { Args } from '@oclif/core'
import { oneCall } from '../../base/one-call.ts'

export default oneCall<{ relay: string }>({
  summary: 'take a relay away',
  args: { relay: Args.string({ description: 'its key, as `ntm dc relay ls` shows it', required: true }) },
  method: 'dc.relay.remove',
  tell: ({ relay }) => `${relay} is denied; \`ntm dc access forget ${relay}\` takes that back`,
})
