/**
 * The plugin 'ntm.relay-tunnel': the socket of a Relay Server and its tunnel to the coordinator, the only one that it
 * has. The relay itself is another plugin: it gets frames by their first byte, and knows from here whose tickets count.
 */
import { z } from 'zod'
import {
  Clock,
  Coordination,
  definePlugin,
  Journal,
  Keys,
  Keyspace,
  Network,
  provide,
  Random,
  RelayHost,
} from '../../../kernel/api/index.ts'
import { requireJoin } from '../signalling/join.ts'
import { streamSettings } from '../stream-doors.ts'
import { Outpost } from './outpost.ts'

const settings = z.strictObject({
  /** One for each address family; port 0 of a later one stands for the port of the first. */
  listen: z
    .array(z.strictObject({ address: z.string(), port: z.number().int().min(0).max(65_535) }))
    .min(1)
    .max(2),
  /** What others reach it by, when that is not what it listens on. */
  advertise: z
    .array(z.strictObject({ host: z.string(), port: z.number().int().min(1).max(65_535) }))
    .max(4)
    .default([]),
  /** Join string of the coordinator. */
  dc: z.string(),
  /** Invite token for the first registration. */
  token: z.string().optional(),
  ...streamSettings,
})

export const rsTunnelPlugin = definePlugin({
  manifest: {
    id: 'ntm.relay-tunnel',
    version: '0.1.0',
    api: '^1.0.0',
    provides: [RelayHost.id, Coordination.id],
  },
  needs: { clock: Clock, random: Random, network: Network, keys: Keys, keyspace: Keyspace, journal: Journal },
  config: raw => settings.parse(raw),
  setup(given, { listen, advertise, dc, token, ...streams }) {
    const outpost = new Outpost(given, { listen, advertise, join: requireJoin(dc), token, streams })
    const relay = given.keys.tunnelKey
    return {
      contributes: {
        service: [provide(RelayHost, outpost.door), provide(Coordination, outpost.coordination)],
        method: [
          { name: 'relay.address', call: async () => ({ address: outpost.address, relay, dc }) },
          { name: 'relay.endpoints', call: async () => outpost.endpoints },
        ],
      },
      start: () => outpost.start(),
      stop: () => outpost.stop(),
    }
  },
})
