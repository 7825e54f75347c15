/**
 * The log of this device: every admitted event once, in the order of its arrival, with the indexes that the
 * kernel reads by, and what lies beside events: projections' snapshots, what plugins keep, the journal. All
 * writing goes through one writer; opening a log reads three entries, however long it is.
 */
import type { Recorded } from '../events/envelope.ts'
import type { DeviceId, EventId, StreamId } from '../events/ids.ts'
import type { Result } from '../events/result.ts'
import { RUN_MAX_EVENTS } from '../wire/limits.ts'
import type { Appended, AppendFault, Arrival, Chain } from './append-plan.ts'
import { type Disk, DiskError } from './disk.ts'
import { type Aside, type DropOutcome, Gathering, type Ground, type Standing } from './gathering.ts'
import { lastNumber, NUMBER_MAX } from './keyspace.ts'
import { checkLayout, readStanding } from './opening.ts'
import { OwnSpace } from './own-space.ts'
import { pointedAt, recordsIn } from './record-walk.ts'
import { Shelves } from './shelves.ts'
import type { StoreError } from './store-error.ts'
import {
  type Branch,
  decodeNote,
  decodeSnapshot,
  decodeStream,
  decodeTips,
  type JournalEntry,
  type Snapshot,
} from './values.ts'
import type { Vault } from './vault.ts'
import { verifyLog } from './verify.ts'
import type { VerifyReport } from './verify-findings.ts'
import { type Ledger, Writer } from './writer.ts'

interface StoreOptions {
  readonly disk: Disk
  readonly vault: Vault
  /** Entries that the journal holds before the oldest go. */
  readonly journalEntries?: number
  /** Known already: what can be read is, and nothing is written. */
  readonly damage?: StoreError
}

const JOURNAL_ENTRIES = 65_536
const RECENT_CHAINS_MAX = 1024
const NONE = new Map<never, never>()
/** So many more events are read at most to end with a signature. */
const RUN_REST_MAX = RUN_MAX_EVENTS - 1

export interface Tip extends Branch {
  readonly author: DeviceId
}

export interface ChainQuery {
  readonly stream: StreamId
  readonly author: DeviceId
  readonly fromSeq?: number
  readonly limit?: number
  /** Reads on, past the limit, to the next signature: an event without one proves nothing to others. */
  readonly toSignature?: boolean
}

interface OrderQuery {
  readonly stream?: StreamId
  /** Exclusive. */
  readonly after?: number
  /** Exclusive. */
  readonly before?: number
  readonly reverse?: boolean
  readonly limit?: number
}

/**
 * Opens the log on a disk, or founds it on an empty one. Rejects with StoreError (`newer`, `wrong-key`,
 * `damaged`) or DiskError. The disk is the store's from then on, also to close.
 */
export async function openStore({ disk, vault, journalEntries, damage }: StoreOptions): Promise<LogStore> {
  const shelves = new Shelves(disk, vault, damage)
  await checkLayout(shelves, vault, { found: damage === undefined })
  const standing = await readStanding(shelves)
  const verify = () => verifyLog({ disk, vault }, damage)
  return new LogStore(shelves, standing, journalEntries ?? JOURNAL_ENTRIES, verify)
}

export class LogStore {
  readonly #shelves: Shelves
  readonly #writer: Writer<Gathering>
  #standing: Standing
  /** Where the chains stand that were written last: a conversation goes on in the same few. */
  readonly #recent = new Map<string, Chain>()
  /** Walks the whole log and says what is wrong with it; writes nothing. */
  readonly verify: () => Promise<VerifyReport>

  constructor(
    shelves: Shelves,
    standing: Standing,
    journalEntries: number,
    verify: () => Promise<VerifyReport>,
  ) {
    this.verify = verify
    this.#shelves = shelves
    this.#standing = standing
    const ledger: Ledger<Gathering> = {
      begin: ahead => {
        if (shelves.damage !== undefined) throw shelves.damage
        return new Gathering(shelves, ahead?.ground ?? this.#ground, journalEntries)
      },
      operations: gathering => gathering.operations(),
      isFull: gathering => gathering.isFull,
      landed: gathering => {
        this.#standing = gathering.standing
        this.#remember(gathering.chains)
      },
      recovered: () => this.#recovered(),
    }
    this.#writer = new Writer(shelves.disk, ledger)
  }

  /** The newest position on the disk; 0 when the log is empty. Positions have no gaps: also the count of events. */
  get lastPosition(): number {
    return this.#standing.position
  }

  /** The first damage that a reader met. From then on nothing is written; what can be read still is. */
  get damage(): StoreError | undefined {
    return this.#shelves.damage
  }

  /**
   * Appends events that were already judged, in order, with what belongs to them, in one synced batch: all or
   * nothing. Events that are there already keep their record. A refusal means that the caller raced another,
   * or remembers a chain as it no longer is; a rejection (DiskError, StoreError), that nothing was kept.
   */
  append(
    arrivals: readonly Arrival[],
    asides: readonly Aside[] = [],
  ): Promise<Result<readonly Appended[], AppendFault>> {
    return this.#writer.commit(gathering => gathering.append(arrivals, asides), { sync: true })
  }

  /** Writes what lies beside events. Without `sync` it resolves early and a power loss may undo it. */
  write(asides: readonly Aside[], how: { readonly sync: boolean }): Promise<void> {
    return this.#writer.commit(gathering => gathering.add(asides), how)
  }

  /**
   * Takes an event's data out of its record; never that of a kept event. The old bytes stay on the disk,
   * sealed, until LevelDB compacts the table that holds them.
   */
  dropData(id: EventId): Promise<DropOutcome> {
    return this.#writer.commit(gathering => gathering.drop(id), { sync: true })
  }

  async find(id: EventId): Promise<Recorded | undefined> {
    const position = await this.#shelves.positionOf(id)
    return position === undefined ? undefined : this.#shelves.recordAt(position)
  }

  /** Whether the event is in the log, without reading it. */
  async has(id: EventId): Promise<boolean> {
    return (await this.#shelves.positionOf(id)) !== undefined
  }

  /** One author's events in a stream by seq; of a fork both branches. Ends before a damaged record. */
  async *chain({
    stream,
    author,
    fromSeq = 0,
    limit = NUMBER_MAX,
    toSignature,
  }: ChainQuery): AsyncGenerator<Recorded> {
    if (limit <= 0) return
    const range = this.#shelves.keys.chainFrom(stream, author, Math.min(fromSeq, NUMBER_MAX))
    const most = toSignature === true ? Math.min(limit + RUN_REST_MAX, NUMBER_MAX) : limit
    let given = 0
    for await (const recorded of pointedAt(this.#shelves, { ...range, limit: most }, 'stop')) {
      yield recorded
      given += 1
      if (given >= limit && (toSignature !== true || recorded.event.sig !== undefined)) return
    }
  }

  /** Events in local order. A damaged record is left out, and noted in `damage`. */
  read({
    stream,
    after = 0,
    before = NUMBER_MAX,
    reverse = false,
    limit,
  }: OrderQuery): AsyncIterable<Recorded> {
    const { keys } = this.#shelves
    const [from, to] = [Math.min(after + 1, NUMBER_MAX), Math.min(before, NUMBER_MAX)]
    const how = { reverse, ...(limit === undefined ? {} : { limit }) }
    if (limit === 0 || from >= to) return none()
    if (stream === undefined) return recordsIn(this.#shelves, { ...keys.records(from, to), ...how })
    return pointedAt(this.#shelves, { ...keys.orderOf(stream, from, to), ...how }, 'skip')
  }

  /** The stream's kept events in local order: what decides who may do what. Rejects if one is damaged. */
  async keptOf(stream: StreamId): Promise<readonly Recorded[]> {
    const kept: Recorded[] = []
    for await (const recorded of pointedAt(this.#shelves, this.#shelves.keys.keptOf(stream), 'throw'))
      kept.push(recorded)
    return kept
  }

  /** The newest event of each author; two for an author who forked. */
  async tips(stream: StreamId): Promise<readonly Tip[]> {
    const tips: Tip[] = []
    const { disk, keys } = this.#shelves
    for await (const [key, sealed] of disk.range(keys.tipsOf(stream))) {
      const { author, branches } = this.#shelves.open(key, sealed, `the tips of stream ${stream}`, decodeTips)
      for (const branch of branches) tips.push({ author, ...branch })
    }
    return tips
  }

  async streams(): Promise<readonly StreamId[]> {
    const streams: StreamId[] = []
    const { disk, keys } = this.#shelves
    for await (const [key, sealed] of disk.range(keys.all('stream')))
      streams.push(this.#shelves.open(key, sealed, 'the list of streams', decodeStream))
    return streams
  }

  snapshot(name: string): Promise<Snapshot | undefined> {
    return this.#shelves.get(this.#shelves.keys.snapshot(name), `the snapshot of ${name}`, decodeSnapshot)
  }

  /** What a plugin keeps; written with `write` or beside an append. */
  own(plugin: string): OwnSpace {
    return new OwnSpace(this.#shelves, plugin, () => this.#writer.settled())
  }

  /** Journal entries about an event or a device, oldest first; all of them without `about`. */
  async *journal(about?: EventId | DeviceId): AsyncGenerator<JournalEntry> {
    const { disk, keys } = this.#shelves
    if (about === undefined) {
      for await (const [key, sealed] of disk.range(keys.all('journal'))) yield this.#note(key, sealed)
      return
    }
    for await (const [pointer] of disk.range({ ...keys.aboutOf(about), keysOnly: true })) {
      const key = keys.journal(lastNumber(pointer))
      const sealed = await disk.get(key)
      if (sealed !== undefined) yield this.#note(key, sealed)
    }
  }

  /** Finishes what was asked for and closes the disk. */
  async close(): Promise<void> {
    await this.#writer.close()
    await this.#shelves.disk.close()
  }

  /** With nothing on its way. */
  get #ground(): Ground {
    return { standing: this.#standing, recent: this.#recent, chains: NONE, events: NONE, notes: NONE }
  }

  #remember(chains: ReadonlyMap<string, Chain>): void {
    if (this.#recent.size + chains.size > RECENT_CHAINS_MAX) this.#recent.clear()
    for (const [name, chain] of chains) this.#recent.set(name, chain)
  }

  #note(key: Uint8Array, sealed: Uint8Array): JournalEntry {
    return this.#shelves.open(key, sealed, `the journal entry ${lastNumber(key)}`, decodeNote)
  }

  /** A batch that failed and is there after all would be read by nobody: then only a new start is safe. */
  async #recovered(): Promise<void> {
    const { position } = await readStanding(this.#shelves)
    if (position !== this.#standing.position)
      throw new DiskError('failed', 'the disk kept a batch that it had reported as failed: start again')
  }
}

async function* none(): AsyncGenerator<never> {}
