/**
 * The package's own plugins come through the same door as a stranger's, and keep the same contract. A list that
 * grows brings its new plugin here by itself.
 */
import { RelayHost } from '../../src/kernel/api/relays.ts'
import { pluginContract } from '../../src/kernel/testing/plugin-contract.ts'
import type { PluginGiven } from '../../src/kernel/testing/plugin-probe.ts'
import { NODE_PLUGINS } from '../../src/plugins/first-party.ts'
import { COORDINATOR_RELAY_PLUGINS } from '../../src/plugins/first-party-coordinator.ts'
import { RELAY_PLUGINS } from '../../src/plugins/first-party-relay.ts'
import { DcLink } from '../../src/plugins/transport-ntm/dc/link.ts'

/** What some of them cannot do without. */
const GIVEN: Readonly<Record<string, PluginGiven>> = {
  'ntm.dc': {
    config: { domain: 'example' },
    services: () => [[DcLink, { send: () => {}, onReceive: () => () => {} } satisfies DcLink]],
  },
  'ntm.dc-tunnel': { config: { listen: { address: '127.0.0.1', port: 0 } } },
  'ntm.relay-tunnel': {
    config: {
      listen: [{ address: '127.0.0.1', port: 0 }],
      dc: '192.0.2.1:4500#G_tRUWoOB_rE8RtucMOyFguyUDMXV-6vn5wcT5Lj-VM',
    },
  },
  'ntm.relay-server': {
    services: () => [
      [RelayHost, { send: () => {}, onFrame: () => () => {}, issuer: () => undefined } satisfies RelayHost],
    ],
  },
}

for (const plugin of new Set([...NODE_PLUGINS, ...COORDINATOR_RELAY_PLUGINS, ...RELAY_PLUGINS])) {
  pluginContract(() => plugin, GIVEN[plugin.manifest.id])
}
