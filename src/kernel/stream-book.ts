/**
 * What the data path remembers of the streams in use: kept events, tips, the law, and where recent events stand.
 * With it the common case, the next text of a conversation, is judged without a disk read. After a failed commit
 * everything is forgotten and read anew, because what was assumed may not have happened.
 */
import { isKept, type Opened } from '../events/envelope.ts'
import type { DeviceId, EventId, Millis, StreamId } from '../events/ids.ts'
import { streamOf } from '../store/append-plan.ts'
import type { LogStore } from '../store/log-store.ts'
import type { Branch } from '../store/values.ts'
import type { Law } from './admission.ts'
import type { Place } from './placement.ts'

/** Streams and places remembered; the oldest go first, and are read again when they are needed. */
const STREAMS_MAX = 512
const PLACES_MAX = 8_192

export interface StreamState {
  readonly stream: StreamId
  readonly kept: Opened[]
  readonly branches: Map<DeviceId, readonly Branch[]>
  /** Tips of others that this device's own events have cited. */
  readonly cited: Set<EventId>
  /** The newest `at` of this device's own events here. */
  ownAt: Millis
  /** Worked out when it is asked for; undefined after anything that may change it. */
  law: Law | undefined
}

type BookStore = Pick<LogStore, 'keptOf' | 'tips' | 'find'>

export class StreamBook {
  readonly #store: BookStore
  readonly #self: DeviceId
  readonly #streams = new Map<StreamId, StreamState>()
  readonly #loading = new Map<StreamId, Promise<void>>()
  /** Two generations: when the younger is full the elder goes, which costs nothing per event. */
  #places = new Map<EventId, Place>()
  #elderPlaces = new Map<EventId, Place>()
  #generation = 0

  constructor(store: BookStore, self: DeviceId) {
    this.#store = store
    this.#self = self
  }

  /** The stream as far as it was decided, which may be ahead of the disk. */
  get(stream: StreamId): StreamState | undefined {
    return this.#streams.get(stream)
  }

  /** Reads the stream's state, once however many ask. An unknown stream is an empty one. */
  load(stream: StreamId): Promise<void> {
    const loading =
      this.#loading.get(stream) ?? this.#read(stream).finally(() => this.#loading.delete(stream))
    this.#loading.set(stream, loading)
    return loading
  }

  locate(id: EventId): Place | undefined {
    return this.#places.get(id) ?? this.#elderPlaces.get(id)
  }

  /** Looks an event up on the disk; undefined when it is not there. */
  async look(id: EventId): Promise<Place | undefined> {
    const recorded = await this.#store.find(id)
    if (recorded === undefined) return undefined
    const { author, seq } = recorded.event.envelope
    return { stream: streamOf(recorded.event), author, seq }
  }

  /** Takes note of an event that was decided to be appended. */
  note(event: Opened): void {
    const { author, seq, prev, at } = event.envelope
    const stream = streamOf(event)
    const state = this.#streams.get(stream) ?? this.#enter(emptyState(stream))
    const branches = state.branches.get(author) ?? []
    const extended = branches.findIndex(branch => branch.id === prev)
    const tip: Branch = { seq, id: event.id }
    state.branches.set(author, extended >= 0 ? branches.with(extended, tip) : [...branches, tip])
    if (author === this.#self) state.ownAt = Math.max(state.ownAt, at)
    if (isKept(event.envelope)) {
      state.kept.push(event)
      state.law = undefined
    }
    this.#places.set(event.id, { stream, author, seq })
    if (this.#places.size < PLACES_MAX) return
    this.#elderPlaces = this.#places
    this.#places = new Map()
  }

  /** Laws may differ from now on: a plugin came or went. */
  forgetLaws(): void {
    for (const state of this.#streams.values()) state.law = undefined
  }

  forget(): void {
    this.#generation += 1
    this.#streams.clear()
    this.#places.clear()
    this.#elderPlaces.clear()
  }

  /** Keeps the memory bounded. Only while nothing is being decided. */
  trim(): void {
    for (const stream of this.#streams.keys()) {
      if (this.#streams.size <= STREAMS_MAX) return
      this.#streams.delete(stream)
    }
  }

  async #read(stream: StreamId): Promise<void> {
    const generation = this.#generation
    const [kept, tips] = await Promise.all([this.#store.keptOf(stream), this.#store.tips(stream)])
    const state = emptyState(stream)
    state.kept.push(...kept.map(({ event }) => event))
    for (const { author, seq, id } of tips)
      state.branches.set(author, [...(state.branches.get(author) ?? []), { seq, id }])
    const own = state.branches.get(this.#self)?.at(-1)
    const last = own === undefined ? undefined : await this.#store.find(own.id)
    state.ownAt = last?.event.envelope.at ?? 0
    if (generation !== this.#generation) return this.#read(stream)
    this.#enter(state)
  }

  #enter(state: StreamState): StreamState {
    this.#streams.set(state.stream, state)
    return state
  }
}

const emptyState = (stream: StreamId): StreamState => ({
  stream,
  kept: [],
  branches: new Map(),
  cited: new Set(),
  ownAt: 0,
  law: undefined,
})
