/**
 * One batch while it gathers: what several commits add, seen in order, as if each had already been written.
 * Positions are given out here and only here, so that a batch that fails leaves no hole.
 */
import { isKept, type Recorded } from '../events/envelope.ts'
import type { EventId } from '../events/ids.ts'
import { ok, type Result, refuse } from '../events/result.ts'
import {
  type Appended,
  type AppendFault,
  AppendPlan,
  type Arrival,
  type Chain,
  streamOf,
} from './append-plan.ts'
import { type DiskOp, del, put } from './disk.ts'
import type { Shelves } from './shelves.ts'
import {
  decodeNote,
  encodeNote,
  encodeOwn,
  encodePosition,
  encodeRecord,
  encodeSnapshot,
  encodeStream,
  encodeTips,
  type JournalEntry,
  type Snapshot,
  withoutData,
} from './values.ts'

/** What may go into the same batch beside events. An undefined value deletes. */
export type Aside =
  | {
      readonly kind: 'own'
      readonly plugin: string
      readonly key: string
      readonly value: Uint8Array | undefined
    }
  | { readonly kind: 'snapshot'; readonly name: string; readonly snapshot: Snapshot | undefined }
  | { readonly kind: 'note'; readonly entry: JournalEntry }

export type DropOutcome = 'dropped' | 'already-dropped' | 'kept' | 'unknown'

/** Where the log stands: the newest position, and the n of the newest journal entry. */
export interface Standing {
  readonly position: number
  readonly journal: number
}

const NOTHING = new Uint8Array(0)
const OPS_MAX = 16_384
const BYTES_MAX = 4 * 1024 * 1024

export class Gathering {
  readonly #shelves: Shelves
  readonly #journalEntries: number
  readonly #ops: DiskOp[] = []
  #bytes = 0
  #position: number
  #journal: number
  readonly #recent: ReadonlyMap<string, Chain>
  readonly #chains = new Map<string, Chain>()
  readonly #events = new Map<EventId, Recorded>()
  readonly #notes = new Map<number, JournalEntry>()

  /** `recent`: chains as they stand on the disk, by stream and author; the others are looked up. */
  constructor(
    shelves: Shelves,
    standing: Standing,
    journalEntries: number,
    recent: ReadonlyMap<string, Chain>,
  ) {
    this.#shelves = shelves
    this.#recent = recent
    this.#journalEntries = journalEntries
    this.#position = standing.position
    this.#journal = standing.journal
  }

  get standing(): Standing {
    return { position: this.#position, journal: this.#journal }
  }

  /** The chains that this batch moves on. */
  get chains(): ReadonlyMap<string, Chain> {
    return this.#chains
  }

  get isFull(): boolean {
    return this.#ops.length >= OPS_MAX || this.#bytes >= BYTES_MAX
  }

  /** Adds all events, in order, with their asides; or nothing, and says why. */
  append(arrivals: readonly Arrival[], asides: readonly Aside[]): Result<readonly Appended[], AppendFault> {
    const plan = new AppendPlan(this.#shelves, this.#position, [this.#chains, this.#recent], this.#events)
    for (const arrival of arrivals) {
      const fault = plan.add(arrival)
      if (fault !== undefined) return refuse(fault)
    }
    this.#whole(() => {
      for (const recorded of plan.events.values()) this.#record(recorded)
      this.#add(asides)
    })
    for (const [id, recorded] of plan.events) this.#events.set(id, recorded)
    for (const [name, chain] of plan.chains) this.#chains.set(name, chain)
    this.#position += plan.events.size
    return ok(plan.appended)
  }

  add(asides: readonly Aside[]): void {
    this.#whole(() => this.#add(asides))
  }

  #add(asides: readonly Aside[]): void {
    for (const aside of asides) {
      if (aside.kind === 'note') this.#note(aside.entry)
      else if (aside.kind === 'own') {
        const { plugin, key, value } = aside
        this.#put(this.#shelves.keys.own(plugin, key), value && encodeOwn([key, value]))
      } else {
        const { name, snapshot } = aside
        this.#put(this.#shelves.keys.snapshot(name), snapshot && encodeSnapshot(snapshot))
      }
    }
  }

  /** Rewrites the record without the event's data. */
  drop(id: EventId): DropOutcome {
    const here = this.#events.get(id)
    const position = here?.position ?? this.#shelves.positionOfSync(id)
    if (position === undefined) return 'unknown'
    const recorded = here ?? this.#shelves.recordAtSync(position)
    if (isKept(recorded.event.envelope)) return 'kept'
    if (recorded.event.data === undefined) return 'already-dropped'
    const rest: Recorded = { ...recorded, event: withoutData(recorded.event) }
    if (here !== undefined) this.#events.set(id, rest)
    this.#put(this.#shelves.keys.record(position), encodeRecord(rest))
    return 'dropped'
  }

  /** Everything as one batch. */
  operations(): readonly DiskOp[] {
    const { keys } = this.#shelves
    const tips = [...this.#chains.values()].map(chain => {
      const key = keys.tips(chain.stream, chain.author)
      return put(key, this.#shelves.seal(key, encodeTips(chain)))
    })
    return [...this.#ops, ...tips]
  }

  #record(recorded: Recorded): void {
    const { position, event } = recorded
    const { author, seq } = event.envelope
    const stream = streamOf(event)
    const { keys } = this.#shelves
    this.#put(keys.record(position), encodeRecord(recorded))
    this.#put(keys.id(event.id), encodePosition(position))
    this.#mark(keys.chain(stream, author, seq, position))
    this.#mark(keys.order(stream, position))
    if (isKept(event.envelope)) this.#mark(keys.kept(stream, position))
    // Each author's first event names the stream again: writing the same value twice is cheaper than asking.
    if (seq === 0) this.#put(keys.stream(stream), encodeStream(stream))
  }

  #note(entry: JournalEntry): void {
    const { keys } = this.#shelves
    this.#journal += 1
    this.#put(keys.journal(this.#journal), encodeNote(entry))
    if (entry.about !== undefined) this.#mark(keys.about(entry.about, this.#journal))
    this.#notes.set(this.#journal, entry)
    this.#forget(this.#journal - this.#journalEntries)
  }

  /** Takes an entry that has grown too old out of the journal, with what points at it. */
  #forget(n: number): void {
    if (n <= 0) return
    const { keys } = this.#shelves
    this.#ops.push(del(keys.journal(n)))
    const about = (this.#notes.get(n) ?? this.#oldNote(n))?.about
    if (about !== undefined) this.#ops.push(del(keys.about(about, n)))
  }

  /** An entry that does not read is forgotten all the same; the shelves remember the damage. */
  #oldNote(n: number): JournalEntry | undefined {
    try {
      return this.#shelves.getSync(this.#shelves.keys.journal(n), `the journal entry ${n}`, decodeNote)
    } catch {
      return undefined
    }
  }

  /** Takes back what was added if not all of it can be. */
  #whole(add: () => void): void {
    const [ops, bytes, journal] = [this.#ops.length, this.#bytes, this.#journal]
    try {
      add()
    } catch (error) {
      this.#ops.length = ops
      this.#bytes = bytes
      this.#journal = journal
      throw error
    }
  }

  #put(key: Uint8Array, value: Uint8Array | undefined): void {
    this.#bytes += value?.length ?? 0
    this.#ops.push(value === undefined ? del(key) : put(key, this.#shelves.seal(key, value)))
  }

  #mark(key: Uint8Array): void {
    this.#ops.push(put(key, NOTHING))
  }
}
