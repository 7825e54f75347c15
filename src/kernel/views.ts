/**
 * The live states of the projections. A state is loaded from its snapshot and folded up to the end of the log
 * before any plugin starts; from then on every synced event is folded once, in position order, before anybody
 * else hears of it.
 */
import type { Recorded } from '../events/envelope.ts'
import type { LogStore } from '../store/log-store.ts'
import type { Projection, ProjectionState, Views } from './api/index.ts'
import type { Contributed, LiveContributions } from './contributions.ts'
import type { Fence } from './fence.ts'
import { storeFailure } from './store-failure.ts'

/** Events between snapshots; more in a long log, so that saving costs a fixed share of the work. */
const SNAPSHOT_EVENTS = 1_000
const SNAPSHOT_SHARE = 50

interface View {
  readonly projection: Projection
  readonly state: ProjectionState
  readonly fence: Fence
  /** Everything up to here is folded in. */
  position: number
}

type ViewStore = Pick<LogStore, 'snapshot' | 'read' | 'write' | 'lastPosition'>

export class LiveViews implements Views {
  readonly #contributions: LiveContributions
  readonly #store: ViewStore
  /** By projection name: a plugin may ask for its state before its contributions are in the book. */
  readonly #states = new Map<string, ProjectionState>()
  #views: View[] = []
  #byType = new Map<string, readonly View[]>()
  #position = 0
  #savedAt = 0
  #saving = false

  constructor(contributions: LiveContributions, store: ViewStore) {
    this.#contributions = contributions
    this.#store = store
    contributions.changed$.subscribe(({ present }) => {
      if (!present) this.#dropGone()
    })
  }

  live<S extends ProjectionState>(projection: Projection<S>): S {
    const known = this.#states.get(projection.name)
    if (known !== undefined) return known as S
    const state = projection.create()
    this.#states.set(projection.name, state)
    return state
  }

  /** Brings every contributed projection up to the end of the log. */
  async start(): Promise<void> {
    try {
      const contributed = this.#contributions.owned('projection')
      this.#views = await Promise.all(contributed.map(each => this.#load(each)))
      const end = this.#store.lastPosition
      const from = Math.min(end, ...this.#views.map(({ position }) => position))
      this.#position = from
      if (this.#views.length > 0)
        for await (const recorded of this.#store.read({ after: from })) this.apply(recorded)
      this.#position = Math.max(this.#position, end)
      this.#savedAt = from
    } catch (error) {
      throw storeFailure(error)
    }
  }

  /** Folds the event in. Events come in position order; one that a snapshot has already is passed over. */
  apply(recorded: Recorded): void {
    this.#position = recorded.position
    for (const view of this.#readersOf(recorded.event.envelope.type)) {
      if (recorded.position <= view.position) continue
      view.fence.guard(`projection ${view.projection.name}`, () => view.state.apply(recorded))
    }
    const interval = Math.max(SNAPSHOT_EVENTS, this.#position / SNAPSHOT_SHARE)
    if (this.#position - this.#savedAt >= interval) void this.#saveInPassing()
  }

  /** Position and fingerprints of one moment. */
  fingerprints(): { readonly position: number; readonly byName: ReadonlyMap<string, Uint8Array> } {
    const byName = new Map<string, Uint8Array>()
    for (const { projection, state, fence } of this.#views) {
      const print = fence.guard(`fingerprint of ${projection.name}`, () => state.fingerprint())
      if (print !== undefined) byName.set(projection.name, print)
    }
    return { position: this.#position, byName }
  }

  /** Saves every state, synced: the next start folds nothing. */
  async stop(): Promise<void> {
    await this.#save(true)
  }

  async #load(contributed: Contributed<'projection'>): Promise<View> {
    const { value: projection, fence } = contributed
    const state = this.live(projection)
    const view: View = { projection, state, fence, position: 0 }
    const snapshot = await this.#store.snapshot(projection.name)
    if (snapshot === undefined || snapshot.version !== projection.version) return view
    if (snapshot.position > this.#store.lastPosition) return view
    const isLoaded = fence.guard(`load of ${projection.name}`, () => {
      state.load(snapshot.state)
      return true
    })
    if (isLoaded === true) view.position = snapshot.position
    return view
  }

  #readersOf(type: string): readonly View[] {
    const known = this.#byType.get(type)
    if (known !== undefined) return known
    const readers = this.#views.filter(({ projection: { types } }) => types?.includes(type) ?? true)
    // Types are strangers' words: what nobody reads by name is not remembered one by one.
    if (readers.some(({ projection: { types } }) => types?.includes(type))) this.#byType.set(type, readers)
    return readers
  }

  #dropGone(): void {
    const present = new Set(this.#contributions.contributions('projection'))
    this.#views = this.#views.filter(({ projection }) => present.has(projection))
    this.#byType = new Map()
  }

  /** A snapshot that cannot be written is only a slower start. */
  async #saveInPassing(): Promise<void> {
    if (this.#saving) return
    this.#saving = true
    await this.#save(false).catch(() => undefined)
    this.#saving = false
  }

  async #save(sync: boolean): Promise<void> {
    this.#savedAt = this.#position
    const asides = this.#views.flatMap(
      ({ projection: { name, version }, state, fence, position: loadedAt }) => {
        // While the tail is folded, a state loaded from a later snapshot is ahead of the others.
        const position = Math.max(loadedAt, this.#position)
        const saved = fence.guard(`save of ${name}`, () => bytesOf(state.save()))
        return saved === undefined
          ? []
          : [{ kind: 'snapshot', name, snapshot: { version, position, state: saved } } as const]
      },
    )
    if (asides.length > 0) await this.#store.write(asides, { sync })
  }
}

/** Else the write would fail for all views. */
function bytesOf(saved: unknown): Uint8Array {
  if (saved instanceof Uint8Array) return saved
  throw new TypeError('what it saves is not bytes')
}
