/** The plugin 'ntm.relay': relay clients for whoever has sockets. Without it nothing is ever relayed. */
import { Clock, definePlugin, Keys, provide, Random, Relays } from '../../kernel/api/index.ts'
import { NtmRelayClient } from './client.ts'

export const relay = definePlugin({
  manifest: { id: 'ntm.relay', version: '0.1.0', api: '^1.0.0', provides: [Relays.id] },
  needs: { clock: Clock, random: Random, keys: Keys },
  setup({ clock, random, keys }) {
    const clients = new Set<NtmRelayClient>()
    const relays: Relays = {
      client: outlet => {
        const client = new NtmRelayClient({ clock, random, keys, outlet })
        clients.add(client)
        return client
      },
    }
    return {
      contributes: { service: [provide(Relays, relays)] },
      stop: async () => {
        for (const client of clients) client.close()
        clients.clear()
      },
    }
  },
})
