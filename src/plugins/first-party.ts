/**
 * The package's own plugins: one list each for a person's node and for a coordinator. The running node and the
 * simulator load these very lists; a home's config may leave any of them out.
 */
import type { AnyPlugin } from '../kernel/api/index.ts'
import { directChat } from './direct-chat/plugin.ts'
import { people } from './people/plugin.ts'
import { dcPlugin } from './transport-ntm/dc/plugin.ts'
import { dcTunnelPlugin } from './transport-ntm/dc/tunnel-plugin.ts'
import { transportNtm } from './transport-ntm/plugin.ts'

export { findCoordinator } from './transport-ntm/signalling/find-coordinator.ts'

export const NODE_PLUGINS: readonly AnyPlugin[] = [people, transportNtm, directChat]
export const COORDINATOR_PLUGINS: readonly AnyPlugin[] = [dcTunnelPlugin, dcPlugin]
