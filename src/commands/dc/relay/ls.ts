/** `ntm dc relay ls`: the relays that this DC sends people to. */
import { oneCall } from '../../base/one-call.ts'

interface RelayListing {
  readonly relays: readonly {
    readonly relay: string
    readonly endpoints: readonly string[]
    readonly state: string
  }[]
}

export default oneCall<RelayListing>({
  summary: 'list relays',
  method: 'dc.relay.ls',
  tell: ({ relays }) =>
    relays.map(({ relay, endpoints, state }) => `${relay}  ${state}  ${endpoints.join(' ')}`).join('\n') ||
    'no relays yet',
})
