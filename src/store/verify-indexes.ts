/**
 * The second walk of a verification: every entry that is not a record. An index entry must point at a record
 * that knows of it; tips and streams must be those that the chains end in; everything sealed must open.
 */
import { streamOf } from './append-plan.ts'
import { KIND, type Kind, lastNumber, NUMBER_BYTES } from './keyspace.ts'
import type { Shelves } from './shelves.ts'
import {
  type AuthorTips,
  type Branch,
  decodeNote,
  decodeOwn,
  decodePosition,
  decodeSnapshot,
  decodeStream,
  decodeTips,
} from './values.ts'
import type { ADVICE, Findings } from './verify-findings.ts'
import { INDEXES, type Index, indexKeys, type Walked } from './verify-records.ts'

const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const branchesText = (branches: readonly Branch[]): string =>
  branches
    .map(({ seq, id }) => `${seq}:${id}`)
    .sort()
    .join()

export class IndexWalk {
  readonly #shelves: Shelves
  readonly #findings: Findings
  readonly #walked: Walked
  /** Nothing was appended while the records were walked: what lies beyond the last position is wrong. */
  readonly #isStill: boolean

  constructor(shelves: Shelves, findings: Findings, walked: Walked, isStill: boolean) {
    this.#shelves = shelves
    this.#findings = findings
    this.#walked = walked
    this.#isStill = isStill
  }

  async walk(): Promise<void> {
    for (const index of INDEXES) await this.#part(`the ${index} index`, 'index', () => this.#index(index))
    await this.#part('the chain index', 'index', () => this.#forks())
    await this.#part('the tips', 'index', () => this.#tips())
    await this.#part('the list of streams', 'index', () => this.#streams())
    await this.#part('the snapshots', 'snapshot', () => this.#snapshots())
    await this.#part('what plugins keep', 'own', () => this.#own())
    await this.#part('the journal', 'journal', () => this.#journal())
    await this.#part('the journal’s index', 'journal', () => this.#about())
    await this.#part('the keyspace', 'disk', () => this.#strangers())
  }

  #part(place: string, advice: keyof typeof ADVICE, run: () => Promise<void>): Promise<void> {
    return this.#findings.part(place, advice, run)
  }

  /** Counts first: entries are compared with their records one by one only if there are too many. */
  async #index(index: Index): Promise<void> {
    let count = 0
    for await (const [, position] of this.#entriesOf(index)) if (this.#isJudged(position)) count += 1
    if (count === this.#walked.pointing[index]) return
    for await (const [key, position] of this.#entriesOf(index))
      if (this.#isJudged(position) && !(await this.#belongs(index, key, position)))
        this.#findings.damaged(
          `the ${index} index`,
          `an entry points at position ${position} wrongly`,
          'index',
        )
  }

  async *#entriesOf(index: Index): AsyncGenerator<readonly [key: Uint8Array, position: number]> {
    const { disk, keys } = this.#shelves
    for await (const [key, value] of disk.range({ ...keys.all(index), keysOnly: index !== 'id' })) {
      if (index !== 'id') {
        yield [key, lastNumber(key)]
        continue
      }
      // An entry that does not open was already found by its event, or the event does not read either.
      const position = this.#read(() => this.#shelves.open(key, value, 'the id index', decodePosition))
      if (position !== undefined) yield [key, position]
    }
  }

  #isJudged(position: number): boolean {
    return !this.#walked.unreadable.has(position) && (this.#isStill || position <= this.#walked.last)
  }

  async #belongs(index: Index, key: Uint8Array, position: number): Promise<boolean> {
    if (position > this.#walked.last) return false
    const recorded = await this.#shelves.recordAt(position).catch(() => undefined)
    const expected = recorded && indexKeys(this.#shelves, recorded).get(index)
    return expected !== undefined && Buffer.compare(expected, key) === 0
  }

  /** Two entries of one chain with one seq. */
  async #forks(): Promise<void> {
    let before: Uint8Array | undefined
    for await (const [key, position] of this.#entriesOf('chain')) {
      const upToSeq = key.subarray(0, key.length - NUMBER_BYTES)
      if (before !== undefined && Buffer.compare(before, upToSeq) === 0) await this.#fork(key, position)
      before = upToSeq
    }
  }

  async #fork(key: Uint8Array, position: number): Promise<void> {
    if (!(await this.#belongs('chain', key, position))) return
    const { event } = await this.#shelves.recordAt(position)
    const { author, seq } = event.envelope
    this.#findings.forks.push({ stream: streamOf(event), author, seq, id: event.id })
  }

  async #tips(): Promise<void> {
    const { disk, keys } = this.#shelves
    const stored = new Map<string, AuthorTips>()
    for await (const [key, sealed] of disk.range(keys.all('tips'))) {
      const read = () => this.#shelves.open(key, sealed, 'the tips of an author', decodeTips)
      const tips = this.#findings.attempt('the tips of an author', 'index', read)
      if (tips !== undefined) stored.set(hexOf(key), tips)
    }
    // Where records are missing nobody can say which tip is right.
    if (!this.#isStill || this.#walked.unreadable.size > 0) return
    for (const { stream, author, branches } of this.#walked.follower.chains.values()) {
      const name = hexOf(keys.tips(stream, author))
      const place = `the tips of author ${author} in stream ${stream}`
      const found = stored.get(name)
      stored.delete(name)
      if (found === undefined || branchesText(found.branches) !== branchesText(branches))
        this.#findings.damaged(place, 'they are not where the chain ends', 'index')
    }
    for (const { author } of stored.values())
      this.#findings.damaged(`the tips of author ${author}`, 'there is no such chain', 'index')
  }

  async #streams(): Promise<void> {
    const { disk, keys } = this.#shelves
    const stored = new Set<string>()
    for await (const [key, sealed] of disk.range(keys.all('stream'))) {
      const read = () => this.#shelves.open(key, sealed, 'the list of streams', decodeStream)
      const stream = this.#findings.attempt('the list of streams', 'index', read)
      if (stream !== undefined) stored.add(stream)
    }
    this.#findings.streams = stored.size
    for (const { stream } of this.#walked.follower.chains.values())
      if (!stored.has(stream)) {
        stored.add(stream)
        this.#findings.damaged('the list of streams', `stream ${stream} is missing`, 'index')
      }
  }

  async #snapshots(): Promise<void> {
    await this.#opens('snapshot', 'a snapshot', 'snapshot', decodeSnapshot, ({ position }) =>
      this.#isStill && position > this.#walked.last ? `it is ahead of the log, at ${position}` : undefined,
    )
  }

  async #own(): Promise<void> {
    await this.#opens('own', 'an entry of a plugin', 'own', decodeOwn)
  }

  async #journal(): Promise<void> {
    await this.#opens('journal', 'a journal entry', 'journal', decodeNote)
  }

  /** Index entries of the journal may not outlive what they point at. */
  async #about(): Promise<void> {
    const { disk, keys } = this.#shelves
    for await (const [key] of disk.range({ ...keys.all('about'), keysOnly: true })) {
      const n = lastNumber(key)
      if ((await disk.get(keys.journal(n))) === undefined)
        this.#findings.damaged(
          'the journal’s index',
          `it points at entry ${n}, which is not there`,
          'journal',
        )
    }
  }

  async #opens<T>(
    kind: Kind,
    place: string,
    advice: keyof typeof ADVICE,
    decode: (bytes: Uint8Array) => T | undefined,
    fault: (value: T) => string | undefined = () => undefined,
  ): Promise<void> {
    const { disk, keys } = this.#shelves
    for await (const [key, sealed] of disk.range(keys.all(kind))) {
      const where = `${place} (key ${hexOf(key)})`
      const value = this.#findings.attempt(where, advice, () =>
        this.#shelves.open(key, sealed, where, decode),
      )
      const why = value === undefined ? undefined : fault(value)
      if (why !== undefined) this.#findings.damaged(where, why, advice)
    }
  }

  /** Keys of no kind that this layout has. */
  async #strangers(): Promise<void> {
    const kinds = Object.values(KIND).sort((a, b) => a - b)
    for (const [index, kind] of kinds.entries()) {
      const gap = {
        gte: Uint8Array.of(kind + 1),
        lt: Uint8Array.of(kinds[index + 1] ?? 0xff),
        keysOnly: true,
      }
      for await (const [key] of this.#shelves.disk.range(gap))
        this.#findings.damaged('the keyspace', `key ${hexOf(key)} is of no known kind`, 'disk')
    }
  }

  #read<T>(read: () => T): T | undefined {
    try {
      return read()
    } catch {
      return undefined
    }
  }
}
