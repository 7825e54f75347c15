/**
 * Where a run belongs in its author's chain, and whether everything it builds on is here. Pure: what the log
 * knows is handed in, so that every answer of the gate can be written down as a table.
 */
import type { Opened } from '../events/envelope.ts'
import type { DeviceId, EventId, StreamId } from '../events/ids.ts'
import { streamOf } from '../store/append-plan.ts'
import { BRANCHES_MAX, type Branch } from '../store/values.ts'

/** Where an admitted event stands. */
export interface Place {
  readonly stream: StreamId
  readonly author: DeviceId
  readonly seq: number
}

export interface Known {
  /** Undefined: not admitted here. */
  locate(id: EventId): Place | undefined
  /** The author's branches in this stream; empty when there is nothing of it. */
  branches(author: DeviceId): readonly Branch[]
  /** Whether an event that waits here, of somebody who may write, builds on the run. */
  isCited(): boolean
}

type PlaceFault = 'prev-not-of-this-chain' | 'seen-in-another-stream' | 'third-branch'

type Placement =
  | { readonly kind: 'follows'; readonly isFork: boolean }
  | { readonly kind: 'missing'; readonly ids: readonly EventId[] }
  | { readonly kind: 'refused'; readonly why: PlaceFault }

/** Two branches prove a fork. A third proves nothing more, and is kept only for those who built on it. */
const PROOF_BRANCHES = 2

const refused = (why: PlaceFault): Placement => ({ kind: 'refused', why })

/** Places a verified run that is not in the log, nor any part of it. At least one event. */
export function place(run: readonly Opened[], known: Known): Placement {
  const first = run[0]!
  const { author, prev, seq } = first.envelope
  const stream = streamOf(first)
  const missing = new Set<EventId>()
  const branches = known.branches(author)
  const extendsTip = branches.some(branch => branch.id === prev && branch.seq === seq - 1)
  if (prev !== undefined && !extendsTip) {
    const before = known.locate(prev)
    if (before === undefined) missing.add(prev)
    else if (before.stream !== stream || before.author !== author || before.seq !== seq - 1)
      return refused('prev-not-of-this-chain')
  }
  for (const { envelope } of run)
    for (const id of envelope.seen) {
      const cited = known.locate(id)
      if (cited === undefined) missing.add(id)
      else if (cited.stream !== stream) return refused('seen-in-another-stream')
    }
  if (missing.size > 0) return { kind: 'missing', ids: [...missing] }
  const isFork = !extendsTip && branches.length > 0
  const isProven = branches.length >= PROOF_BRANCHES
  if (isFork && isProven && (branches.length >= BRANCHES_MAX || !known.isCited()))
    return refused('third-branch')
  return { kind: 'follows', isFork }
}
