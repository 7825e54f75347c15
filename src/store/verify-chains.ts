/**
 * Follows every author's chain while the records go by in local order: that each event hangs on one that is
 * there and that a signature covers it. Keeps the tips of each chain, nothing longer.
 */
import type { Opened, Recorded } from '../events/envelope.ts'
import type { DeviceId, EventId, StreamId } from '../events/ids.ts'
import { RUN_MAX_EVENTS } from '../wire/limits.ts'
import { verifyEvent } from '../wire/signature.ts'
import { streamOf } from './append-plan.ts'
import type { Branch } from './values.ts'
import type { Findings } from './verify-findings.ts'

interface FollowedChain {
  readonly stream: StreamId
  readonly author: DeviceId
  branches: Branch[]
}

interface Uncovered {
  readonly recorded: Recorded
  /** Events in a row without a signature, up to this one. */
  readonly length: number
}

export const placeOf = (position: number): string => `the event at position ${position}`

export class ChainFollower {
  readonly chains = new Map<string, FollowedChain>()
  readonly #findings: Findings
  /** By the last event of each run that still waits for its signature. */
  readonly #uncovered = new Map<EventId, Uncovered>()

  constructor(findings: Findings) {
    this.#findings = findings
  }

  /**
   * Follows one event. False when its prev is the end of no branch: then it is a fork, or there is a gap, and
   * the caller has to look whether the prev is there.
   */
  follow(recorded: Recorded): boolean {
    this.#cover(recorded)
    const { event } = recorded
    const chain = this.#chainOf(event)
    const { seq, prev } = event.envelope
    const tip: Branch = { seq, id: event.id }
    const at = chain.branches.findIndex(branch => branch.id === prev && branch.seq === seq - 1)
    if (at >= 0) {
      chain.branches[at] = tip
      return true
    }
    chain.branches.push(tip)
    return prev === undefined
  }

  /** The ends of runs whose signature did not come by. */
  get uncovered(): readonly Recorded[] {
    return [...this.#uncovered.values()].map(({ recorded }) => recorded)
  }

  #cover(recorded: Recorded): void {
    const { position, event } = recorded
    const { author, prev } = event.envelope
    const before = prev === undefined ? undefined : this.#uncovered.get(prev)
    if (before !== undefined && prev !== undefined) this.#uncovered.delete(prev)
    const length = (before?.length ?? 0) + 1
    if (event.sig === undefined) this.#uncovered.set(event.id, { recorded, length })
    else if (!verifyEvent(author, event.id, event.sig))
      this.#findings.damaged(placeOf(position), 'its signature is not its author’s', 'event')
    if (length > RUN_MAX_EVENTS)
      this.#findings.damaged(
        placeOf(position),
        `more than ${RUN_MAX_EVENTS} events share a signature`,
        'event',
      )
  }

  #chainOf(event: Opened): FollowedChain {
    const stream = streamOf(event)
    const { author } = event.envelope
    const known = this.chains.get(stream + author)
    if (known !== undefined) return known
    const chain: FollowedChain = { stream, author, branches: [] }
    this.chains.set(stream + author, chain)
    return chain
  }
}
