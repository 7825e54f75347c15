/**
 * The plugin 'ntm.relay-server': a Relay Server on somebody else's socket. Whoever holds the socket also says whose
 * tickets count.
 */
import { z } from 'zod'
import { Clock, definePlugin, Keys, Random, RelayHost } from '../../../kernel/api/index.ts'
import { SLOTS_MAX, SWEEP_INTERVAL_MS } from './limits.ts'
import { RelayServer } from './relay-server.ts'

const settings = z.strictObject({
  /** Sides of pairs that may be bound at a time. */
  slotsMax: z.number().int().min(2).max(1_048_576).default(SLOTS_MAX),
})

export const relayServer = definePlugin({
  manifest: { id: 'ntm.relay-server', version: '0.1.0', api: '^1.0.0' },
  needs: { host: RelayHost, keys: Keys, clock: Clock, random: Random },
  config: raw => settings.parse(raw ?? {}),
  setup({ host, keys, clock, random }, { slotsMax }) {
    const server = new RelayServer({
      ...{ clock, random, keys, slotsMax, outlet: host },
      issuer: () => host.issuer(),
    })
    let stopHearing: (() => void) | undefined
    let stopSweeping: (() => void) | undefined
    const sweepLater = (): void => {
      stopSweeping = clock.after(SWEEP_INTERVAL_MS, () => {
        server.sweep()
        sweepLater()
      })
    }
    return {
      contributes: { method: [{ name: 'relay.stats', call: async () => server.stats() }] },
      start: async () => {
        stopHearing = host.onFrame((bytes, from) => server.receive(bytes, from))
        sweepLater()
      },
      stop: async () => {
        server.leave()
        stopHearing?.()
        stopSweeping?.()
      },
    }
  },
})
