/**
 * The first walk of a verification: every record, by position. Each is opened, its ids and hashes are computed
 * anew, its chain is followed, and every index entry that should point at it is looked up.
 */
import { isKept, type Recorded } from '../events/envelope.ts'
import { streamOf } from './append-plan.ts'
import { DiskError } from './disk.ts'
import { type Kind, lastNumber } from './keyspace.ts'
import type { Shelves } from './shelves.ts'
import { decodePosition } from './values.ts'
import { ChainFollower, placeOf } from './verify-chains.ts'
import type { Findings } from './verify-findings.ts'

const RECORDS_AT_A_TIME = 64

/** The indexes that point at records by position. */
export const INDEXES = ['id', 'chain', 'order', 'kept'] as const satisfies readonly Kind[]
export type Index = (typeof INDEXES)[number]

/** What the walk over the records leaves for the walk over the indexes. */
export interface Walked {
  readonly follower: ChainFollower
  /** The newest position when the walk began. */
  readonly last: number
  /** Positions without a readable record. */
  readonly unreadable: ReadonlySet<number>
  /** Entries of each index that were found where they belong. */
  readonly pointing: Readonly<Record<Index, number>>
}

/** The keys under which the indexes must know this record. */
export function indexKeys({ keys }: Shelves, { position, event }: Recorded): ReadonlyMap<Index, Uint8Array> {
  const stream = streamOf(event)
  const { author, seq } = event.envelope
  const found = new Map<Index, Uint8Array>([
    ['id', keys.id(event.id)],
    ['chain', keys.chain(stream, author, seq, position)],
    ['order', keys.order(stream, position)],
  ])
  if (isKept(event.envelope)) found.set('kept', keys.kept(stream, position))
  return found
}

type RawRecord = readonly [position: number, sealed: Uint8Array | undefined]

/** Every position up to the last, with what lies there; goes on one by one where the disk cannot walk. */
async function* rawRecords(
  { disk, keys }: Shelves,
  last: number,
  findings: Findings,
): AsyncGenerator<RawRecord> {
  let next = 1
  try {
    for await (const [key, sealed] of disk.range(keys.records(1, last + 1))) {
      for (const found = lastNumber(key); next < found; next += 1) yield [next, undefined]
      yield [next, sealed]
      next += 1
    }
  } catch (error) {
    if (!(error instanceof DiskError)) throw error
    findings.damaged(`the records from position ${next}`, error.message, 'disk')
  }
  for (; next <= last; next += 1) yield [next, await disk.get(keys.record(next)).catch(() => undefined)]
}

export class RecordWalk {
  readonly #shelves: Shelves
  readonly #findings: Findings
  readonly #follower: ChainFollower
  readonly #unreadable = new Set<number>()
  readonly #pointing: Record<Index, number> = { id: 0, chain: 0, order: 0, kept: 0 }

  constructor(shelves: Shelves, findings: Findings) {
    this.#shelves = shelves
    this.#findings = findings
    this.#follower = new ChainFollower(findings)
  }

  async walk(last: number): Promise<Walked> {
    let chunk: Recorded[] = []
    for await (const [position, sealed] of rawRecords(this.#shelves, last, this.#findings)) {
      const recorded = this.#read(position, sealed)
      if (recorded !== undefined) chunk.push(recorded)
      if (chunk.length < RECORDS_AT_A_TIME) continue
      await this.#check(chunk)
      chunk = []
    }
    await this.#check(chunk)
    for (const recorded of this.#follower.uncovered) await this.#checkUncovered(recorded)
    this.#findings.chains = this.#follower.chains.size
    this.#findings.gaps = this.#unreadable.size
    return { follower: this.#follower, last, unreadable: this.#unreadable, pointing: this.#pointing }
  }

  #read(position: number, sealed: Uint8Array | undefined): Recorded | undefined {
    const key = this.#shelves.keys.record(position)
    const recorded = this.#findings.attempt(placeOf(position), 'event', () =>
      this.#shelves.record(key, sealed),
    )
    if (recorded === undefined) this.#unreadable.add(position)
    return recorded
  }

  async #check(chunk: readonly Recorded[]): Promise<void> {
    const wanted = chunk.map(recorded => indexKeys(this.#shelves, recorded))
    const values = await this.#valuesOf(wanted.flatMap(keys => [...keys.values()]))
    let at = 0
    for (const [index, recorded] of chunk.entries()) {
      this.#findings.events += 1
      if (recorded.event.data === undefined) this.#findings.dropped += 1
      for (const [kind, key] of wanted[index]!) {
        if (this.#points(kind, key, values[at], recorded)) this.#pointing[kind] += 1
        at += 1
      }
      if (!this.#follower.follow(recorded)) await this.#checkPrev(recorded)
    }
  }

  async #valuesOf(keys: readonly Uint8Array[]): Promise<readonly (Uint8Array | undefined)[]> {
    const { disk } = this.#shelves
    return disk.getMany(keys).catch(() => Promise.all(keys.map(key => disk.get(key).catch(() => undefined))))
  }

  #points(
    kind: Index,
    key: Uint8Array,
    value: Uint8Array | undefined,
    { position, event }: Recorded,
  ): boolean {
    const place = `the ${kind} index of event ${event.id}`
    if (value === undefined) {
      this.#findings.damaged(place, `nothing points at position ${position}`, 'index')
      return false
    }
    if (kind !== 'id') return true
    const read = () => this.#shelves.open(key, value, place, decodePosition)
    const found = this.#findings.attempt(place, 'index', read)
    if (found === undefined) return false
    if (found === position) return true
    this.#findings.damaged(place, `it points at position ${found}, the event is at ${position}`, 'index')
    return false
  }

  /** An event that extends no tip: its prev must be in the log, one seq before it, and older. */
  async #checkPrev({ position, event }: Recorded): Promise<void> {
    const { author, seq, prev } = event.envelope
    if (prev === undefined) return
    const { keys, disk } = this.#shelves
    const before = await this.#shelves.positionOf(prev).catch(() => undefined)
    const isThere =
      before !== undefined &&
      before < position &&
      (await disk.get(keys.chain(streamOf(event), author, seq - 1, before)).catch(() => undefined)) !==
        undefined
    if (!isThere)
      this.#findings.damaged(
        placeOf(position),
        `the author’s event before it (seq ${seq - 1}) is missing`,
        'event',
      )
  }

  /** A run that ends before a record which does not read was found already. */
  async #checkUncovered({ position, event }: Recorded): Promise<void> {
    const { author, seq } = event.envelope
    const { disk, keys } = this.#shelves
    for await (const [key] of disk.range(keys.chainFrom(streamOf(event), author, seq + 1, seq + 2)))
      if (this.#unreadable.has(lastNumber(key))) return
    this.#findings.damaged(placeOf(position), 'no signature covers it', 'event')
  }
}
