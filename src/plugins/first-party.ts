/**
 * The package's own plugins for a person's node. The running node and the simulator load this very list; a home's
 * config may leave any of them out.
 */
import type { AnyPlugin } from '../kernel/api/index.ts'
import { directChat } from './direct-chat/plugin.ts'
import { files } from './files/plugin.ts'
import { people } from './people/plugin.ts'
import { relay } from './relay/plugin.ts'
import { transportNtm } from './transport-ntm/plugin.ts'

export { findCoordinator } from './transport-ntm/signalling/find-coordinator.ts'

export const NODE_PLUGINS: readonly AnyPlugin[] = [people, relay, transportNtm, directChat, files]
