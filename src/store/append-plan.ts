/**
 * What one append would change, worked out before anything is changed: which events are new, where they attach
 * to their author's chain, which positions they get. The writer is the only judge who sees every append in
 * order, so what must never happen twice is refused here and not at the gate.
 */
import type { Opened, Recorded } from '../events/envelope.ts'
import { type DeviceId, type EventId, type Millis, NO_STREAM, type StreamId } from '../events/ids.ts'
import { NUMBER_MAX } from './keyspace.ts'
import type { Shelves } from './shelves.ts'
import { type AuthorTips, BRANCHES_MAX, type Branch, decodeTips } from './values.ts'

/** An event that was judged and may be written. */
export interface Arrival {
  readonly event: Opened
  readonly receivedAt: Millis
  readonly via: 'self' | DeviceId
}

/** What became of an arrival. One that is already there keeps its first record. */
export interface Appended {
  readonly recorded: Recorded
  readonly isNew: boolean
}

export type AppendFault =
  /** Its prev is not in the log, or is not the author's event with the seq before. */
  | 'gap'
  /** The author's chain has as many branches as a chain may have. */
  | 'too-many-branches'
  /** This device would fork its own chain. */
  | 'own-fork'

export interface Chain extends AuthorTips {
  readonly stream: StreamId
}

/** The stream an event belongs to: a founding event names none, because its id is the stream's. */
export const streamOf = ({ id, envelope }: Opened): StreamId =>
  envelope.stream === NO_STREAM ? (id as string as StreamId) : envelope.stream

/** The branches with the event at the end of one of them, if its prev is the end of one. */
function extended(branches: readonly Branch[], { id, envelope }: Opened): readonly Branch[] | undefined {
  const { seq, prev } = envelope
  const at = branches.findIndex(tip => tip.id === prev && tip.seq === seq - 1)
  return at < 0 ? undefined : branches.with(at, { seq, id })
}

/** What was decided before and need not be on the disk yet; what it does not know is looked up there. */
export interface Before {
  event(id: EventId): Recorded | undefined
  /** By stream and author. */
  chain(name: string): Chain | undefined
}

export class AppendPlan {
  readonly appended: Appended[] = []
  readonly events = new Map<EventId, Recorded>()
  readonly chains = new Map<string, Chain>()
  readonly #shelves: Shelves
  readonly #before: Before
  #position: number

  constructor(shelves: Shelves, position: number, before: Before) {
    this.#shelves = shelves
    this.#position = position
    this.#before = before
  }

  add(arrival: Arrival): AppendFault | undefined {
    const { event, receivedAt, via } = arrival
    const chain = this.#chainOf(streamOf(event), event.envelope.author)
    let branches = extended(chain.branches, event)
    if (branches === undefined) {
      // What extends a tip is new: if it were in the log, the tip would be no tip. All else has to be looked up.
      const known = this.#find(event.id)
      if (known !== undefined) {
        this.appended.push({ recorded: known, isNew: false })
        return undefined
      }
      const forked = this.#forked(chain, event, via)
      if (typeof forked === 'string') return forked
      branches = forked
    }
    this.#position += 1
    const recorded: Recorded = { position: this.#position, receivedAt, via, status: 'admitted', event }
    this.events.set(event.id, recorded)
    const { stream, author } = chain
    this.chains.set(stream + author, { stream, author, branches })
    this.appended.push({ recorded, isNew: true })
    return undefined
  }

  /** The branches with the event as a further one. */
  #forked(chain: Chain, event: Opened, via: Arrival['via']): readonly Branch[] | AppendFault {
    const { stream, author, branches } = chain
    const { seq, prev } = event.envelope
    if (prev !== undefined && !this.#holds(stream, author, seq - 1, prev)) return 'gap'
    if (branches.length > 0 && via === 'self') return 'own-fork'
    return branches.length < BRANCHES_MAX ? [...branches, { seq, id: event.id }] : 'too-many-branches'
  }

  /** Whether the log has this event at this place of the chain. */
  #holds(stream: StreamId, author: DeviceId, seq: number, id: EventId): boolean {
    const here = this.events.get(id) ?? this.#before.event(id)
    if (here !== undefined) {
      const { envelope } = here.event
      return streamOf(here.event) === stream && envelope.author === author && envelope.seq === seq
    }
    const position = seq < NUMBER_MAX ? this.#shelves.positionOfSync(id) : undefined
    if (position === undefined) return false
    const { disk, keys } = this.#shelves
    return disk.getSync(keys.chain(stream, author, seq, position)) !== undefined
  }

  #find(id: EventId): Recorded | undefined {
    const here = this.events.get(id) ?? this.#before.event(id)
    if (here !== undefined) return here
    const position = this.#shelves.positionOfSync(id)
    return position === undefined ? undefined : this.#shelves.recordAtSync(position)
  }

  #chainOf(stream: StreamId, author: DeviceId): Chain {
    const name = stream + author
    const known = this.chains.get(name) ?? this.#before.chain(name)
    if (known !== undefined) return known
    const place = `the tips of author ${author} in stream ${stream}`
    const tips = this.#shelves.getSync(this.#shelves.keys.tips(stream, author), place, decodeTips)
    return { stream, author, branches: tips?.branches ?? [] }
  }
}
