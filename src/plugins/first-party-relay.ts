/** The package's own plugins for a Relay Server, which keeps nothing and knows nobody. */
import type { AnyPlugin } from '../kernel/api/index.ts'
import { relayServer } from './relay/server/plugin.ts'
import { rsTunnelPlugin } from './transport-ntm/rs/tunnel-plugin.ts'

export const RELAY_PLUGINS: readonly AnyPlugin[] = [rsTunnelPlugin, relayServer]
