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
  type Before,
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

/** What a batch builds on: what is on the disk, and what is on its way there. */
export interface Ground {
  readonly standing: Standing
  /** Chains as they stand on the disk, by stream and author; the others are looked up. */
  readonly recent: ReadonlyMap<string, Chain>
  /** What the batch on its way moves on and adds. */
  readonly chains: ReadonlyMap<string, Chain>
  readonly events: ReadonlyMap<EventId, Recorded>
  readonly notes: ReadonlyMap<number, JournalEntry>
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
  readonly #ground: Ground
  readonly #chains = new Map<string, Chain>()
  readonly #events = new Map<EventId, Recorded>()
  readonly #notes = new Map<number, JournalEntry>()

  constructor(shelves: Shelves, ground: Ground, journalEntries: number) {
    this.#shelves = shelves
    this.#ground = ground
    this.#journalEntries = journalEntries
    this.#position = ground.standing.position
    this.#journal = ground.standing.journal
  }

  get standing(): Standing {
    return { position: this.#position, journal: this.#journal }
  }

  /** The chains that this batch moves on. */
  get chains(): ReadonlyMap<string, Chain> {
    return this.#chains
  }

  /** What the next batch builds on while this one is on its way. */
  get ground(): Ground {
    return {
      standing: this.standing,
      recent: this.#ground.recent,
      chains: this.#chains,
      events: this.#events,
      notes: this.#notes,
    }
  }

  get isFull(): boolean {
    return this.#ops.length >= OPS_MAX || this.#bytes >= BYTES_MAX
  }

  /** Adds all events, in order, with their asides; or nothing, and says why. */
  append(arrivals: readonly Arrival[], asides: readonly Aside[]): Result<readonly Appended[], AppendFault> {
    const plan = new AppendPlan(this.#shelves, this.#position, this.#before)
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
    const here = this.#before.event(id)
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

  readonly #before: Before = {
    event: id => this.#events.get(id) ?? this.#ground.events.get(id),
    chain: name => this.#chains.get(name) ?? this.#ground.chains.get(name) ?? this.#ground.recent.get(name),
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
    const about = (this.#notes.get(n) ?? this.#ground.notes.get(n) ?? this.#oldNote(n))?.about
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
