/**
 * The package's own plugins for a coordinator, apart from those for a person's node: a coordinator of thousands
 * should not have in memory what only people need. A relay in the same process is one of its roles.
 */
import type { AnyPlugin } from '../kernel/api/index.ts'
import { relayServer } from './relay/server/plugin.ts'
import { dcPlugin } from './transport-ntm/dc/plugin.ts'
import { dcTunnelPlugin } from './transport-ntm/dc/tunnel-plugin.ts'

export const COORDINATOR_PLUGINS: readonly AnyPlugin[] = [dcTunnelPlugin, dcPlugin]
export const COORDINATOR_RELAY_PLUGINS: readonly AnyPlugin[] = [...COORDINATOR_PLUGINS, relayServer]
