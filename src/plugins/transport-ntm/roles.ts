/** How much of a carrier a node needs and how much a server: a server has many neighbours and hears little from each. */
import { SERVER_LIMITS, type TunnelLimits } from './tunnel/constants.ts'

interface Role {
  /** Counters remembered against replay. */
  readonly replayWindow: number
  readonly limits: Partial<TunnelLimits>
  /** Beyond so many, one that is only here for a while makes room for the next. */
  readonly neighboursMax: number
}
export const ROLES: Readonly<Record<'node' | 'server', Role>> = {
  node: { replayWindow: 16_384, limits: { peers: 4_096 }, neighboursMax: 8_192 },
  server: { replayWindow: 2_048, limits: SERVER_LIMITS, neighboursMax: 262_144 },
}
