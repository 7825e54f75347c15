/**
 * What the node's own methods need beside the services that every plugin can ask for: the process they run in
 * and the tools over the whole store. Only the kernel's own plugin names this token.
 */
import type { StreamId } from '../../../events/ids.ts'
import type { VerifyReport } from '../../../store/verify-findings.ts'
import { ChatError } from '../../api/errors.ts'
import type { NodeRuns } from '../../api/local-socket.ts'
import { token } from '../../api/plugin.ts'
import type { ReplayResult } from '../../replay.ts'

export interface Verified {
  readonly events: number
  readonly streams: number
  readonly forks: number
  /** The first hundred of them: which device said two things in one place. */
  readonly forked: readonly { readonly stream: string; readonly author: string; readonly seq: number }[]
  /** Positions where an event was written and none can be read. */
  readonly gaps: number
  /** Where writes begin that were never finished: no damage, though one at the very end can look like this. */
  readonly unfinished: readonly string[]
  readonly ok: boolean
  /** The first thousand of them. */
  readonly damage: readonly { readonly place: string; readonly what: string; readonly advice: string }[]
  readonly damageCount: number
}

export interface Replayed {
  readonly events: number
  readonly eventsPerSecond: number
  readonly stateHash: string
  readonly matchesLive: boolean
}

const FORKS_SHOWN = 100

export const verifiedOf = (report: VerifyReport): Verified => {
  const { events, streams, forks, gaps, unfinished, isWhole, damage, damageCount } = report
  const forked = forks.slice(0, FORKS_SHOWN).map(({ stream, author, seq }) => ({ stream, author, seq }))
  const counts = { events, streams, forks: forks.length, forked, gaps }
  return { ...counts, unfinished, ok: isWhole, damage, damageCount }
}

/**
 * One stream's hash, or that of everything; whether it matches is judged over everything either way. Throws
 * REPLAY_DIFFERS, all the same with what was found.
 */
export const replayedOf = (result: ReplayResult, stream: StreamId | undefined): Replayed => {
  const replayed = {
    events: result.events,
    eventsPerSecond: Math.round((result.events * 1000) / Math.max(result.elapsedMs, 0.001)),
    stateHash: stream === undefined ? result.stateHash : (result.streams.get(stream) ?? '0'.repeat(64)),
    matchesLive: result.differing?.length === 0,
  }
  if (replayed.matchesLive) return replayed
  const differing = result.differing?.join(', ') ?? ''
  throw new ChatError('REPLAY_DIFFERS', `rebuilt from the log, ${differing} differs from the living state`, {
    fields: replayed,
  })
}

export interface NodeControl {
  readonly name: string
  readonly runs: NodeRuns
  /** How the log lies on the disk: `passphrase` or `key-file`. */
  readonly atRest: string
  events(): number
  /** How the last write went: `ok`, `full`, `failed`, or refused because the log is `damaged`. */
  disk(): string
  /** Ends the process after the answer has gone out. */
  stop(): void
  verify(): Promise<VerifyReport>
  replay(): Promise<ReplayResult>
}
export const NodeControl = token<NodeControl>('ntm.node-control')
