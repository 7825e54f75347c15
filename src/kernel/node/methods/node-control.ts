/**
 * What the node's own methods need beside the services that every plugin can ask for: the process they run in
 * and the tools over the whole store. Only the kernel's own plugin names this token.
 */
import { token } from '../../api/plugin.ts'

export interface Damage {
  readonly where: string
  readonly what: string
  readonly todo: string
}
export interface Verified {
  readonly events: number
  readonly streams: number
  readonly forks: number
  readonly gaps: number
  readonly damage: readonly Damage[]
  readonly ok: boolean
}
export interface Replayed {
  readonly events: number
  readonly eventsPerSecond: number
  readonly stateHash: string
  readonly matchesLive: boolean
}

export interface NodeControl {
  readonly name: string
  /** How the log lies on the disk: `passphrase` or `key-file`. */
  readonly atRest: string
  events(): number
  /** Ends the process after the answer has gone out. */
  stop(): void
  verify(): Promise<Verified>
  replay(stream: string | undefined): Promise<Replayed>
}
export const NodeControl = token<NodeControl>('ntm.node-control')
