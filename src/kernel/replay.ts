/**
 * Builds everything anew from nothing but the log, and compares it with what the running node shows. If they
 * differ, a projection folded something that is not in the log, or the disk changed what was written.
 */
import { isKept, type Opened, type Recorded } from '../events/envelope.ts'
import { type EventId, idToBytes, NO_STREAM, type PersonId, type StreamId } from '../events/ids.ts'
import { DEVICE_INTRODUCED } from '../events/person.ts'
import { streamOf } from '../store/append-plan.ts'
import type { LogStore } from '../store/log-store.ts'
import { labelledHashHex } from '../wire/hash.ts'
import { Admission } from './admission.ts'
import type { Clock, ProjectionState } from './api/index.ts'
import type { Contributed, LiveContributions } from './contributions.ts'
import { StreamHash } from './state-hash.ts'
import { storeFailure } from './store-failure.ts'
import type { LiveViews } from './views.ts'

interface ReplayParts {
  readonly clock: Clock
  readonly store: Pick<LogStore, 'read'>
  readonly contributions: LiveContributions
  readonly person: PersonId
  readonly views: Pick<LiveViews, 'fingerprints'>
}

export interface ReplayQuery {
  /** One stream only: its hash is then the whole answer. */
  readonly stream?: StreamId
  /** Asked before each event: true ends the replay there. */
  readonly until?: (recorded: Recorded) => boolean
}

export interface ReplayResult {
  readonly events: number
  readonly elapsedMs: number
  /** Lower-case hex. With `stream`: equal on every device with the same events of it. */
  readonly stateHash: string
  readonly streams: ReadonlyMap<StreamId, string>
  /** Projections whose rebuilt state is not the live one; undefined when only a part was replayed. */
  readonly differing: readonly string[] | undefined
}

const LOG_STATE_LABEL = 'ntm.state.log.1'

interface Rebuilt {
  readonly contributed: Contributed<'projection'>
  readonly state: ProjectionState
}

export async function replay(parts: ReplayParts, query: ReplayQuery = {}): Promise<ReplayResult> {
  const { clock, store, contributions, views } = parts
  const startedMs = clock.monotonicMs()
  const live = views.fingerprints()
  const before = live.position + 1
  const isWhole = query.stream === undefined && query.until === undefined
  const rebuilt = contributions
    .owned('projection')
    .map((contributed): Rebuilt => ({ contributed, state: contributed.value.create() }))
  const streams = new StreamTally()
  const range = query.stream === undefined ? { before } : { before, stream: query.stream }
  try {
    for await (const recorded of store.read(range)) {
      if (query.until?.(recorded) === true) break
      streams.add(recorded)
      for (const each of rebuilt) fold(each, recorded)
    }
  } catch (error) {
    throw storeFailure(error)
  }
  const hashes = await streams.finish(parts)
  const prints = rebuilt.map(
    ({ contributed: { value, fence }, state }) =>
      [value.name, fence.guard(`fingerprint of ${value.name}`, () => state.fingerprint())] as const,
  )
  return {
    events: streams.events,
    elapsedMs: clock.monotonicMs() - startedMs,
    stateHash: query.stream === undefined ? hashOfAll(hashes, prints) : (hashes.get(query.stream) ?? NOTHING),
    streams: hashes,
    differing: isWhole
      ? prints.filter(print => !isSame(print, live.byName)).map(([name]) => name)
      : undefined,
  }
}

/** What a stream without events is hashed to. */
const NOTHING = '0'.repeat(64)

function fold({ contributed: { value, fence }, state }: Rebuilt, recorded: Recorded): void {
  if (value.types?.includes(recorded.event.envelope.type) ?? true)
    fence.guard(`projection ${value.name}`, () => state.apply(recorded))
}

const isSame = (
  [name, print]: readonly [string, Uint8Array | undefined],
  live: ReadonlyMap<string, Uint8Array>,
): boolean => {
  const shown = live.get(name)
  return print !== undefined && shown !== undefined && Buffer.compare(print, shown) === 0
}

/** Over streams by id and projections by name. */
function hashOfAll(
  streams: ReadonlyMap<StreamId, string>,
  prints: readonly (readonly [string, Uint8Array | undefined])[],
): string {
  const parts: Uint8Array[] = [...streams].sort(byName).map(([stream, hash]) => idToBytes(stream + hash))
  for (const [name, print] of [...prints].sort(byName))
    parts.push(idToBytes(labelledHashHex(LOG_STATE_LABEL, Buffer.from(name), print ?? new Uint8Array(0))))
  return labelledHashHex(LOG_STATE_LABEL, ...parts)
}

const byName = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number => (a < b ? -1 : 1)

/** The hash of each stream while the log goes by. Only kept events are remembered: they alone can void others. */
class StreamTally {
  events = 0
  #last = 0
  readonly #streams = new Map<StreamId, { readonly hash: StreamHash; readonly kept: Opened[] }>()

  add({ event, position }: Recorded): void {
    const stream = streamOf(event)
    const tally = this.#streams.get(stream) ?? { hash: new StreamHash(stream), kept: [] }
    this.#streams.set(stream, tally)
    tally.hash.add(event)
    if (isKept(event.envelope)) tally.kept.push(event)
    this.events += 1
    this.#last = position
  }

  /** Judges by each stream's law which events do not count. */
  async finish(parts: ReplayParts): Promise<ReadonlyMap<StreamId, string>> {
    const admission = new Admission(parts.contributions, parts.person)
    const hashes = new Map<StreamId, string>()
    for (const [stream, { hash, kept }] of this.#streams) {
      const bundle = kept.every(grantsOnly)
        ? undefined
        : admission.lawOf({ stream, kept, law: undefined })?.bundle
      if (bundle !== undefined) for (const id of await this.#voidIn(stream, bundle, parts)) hash.void(id)
      hashes.set(stream, hash.finish())
    }
    return hashes
  }

  async #voidIn(
    stream: StreamId,
    { value, fence }: Contributed<'rule'>,
    { store, person }: ReplayParts,
  ): Promise<Iterable<EventId>> {
    const events: Opened[] = []
    for await (const { event } of store.read({ stream, before: this.#last + 1 })) events.push(event)
    const voids = fence.guard(`rules ${value.name}`, () => value.voids(events, { stream, self: person }))
    return voids?.keys() ?? []
  }
}

/** Founding events and introductions let somebody in; where there is nothing else, nothing can be void. */
const grantsOnly = ({ envelope }: Opened): boolean =>
  envelope.stream === NO_STREAM || envelope.type === DEVICE_INTRODUCED
