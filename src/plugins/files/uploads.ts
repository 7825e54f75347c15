/**
 * Files of this device that others may have: offering them, and giving them to whom they were offered, and to nobody
 * else. Whoever asks for what was not offered to them learns nothing, not even that it exists.
 */
import type { Duplex } from 'node:stream'
import { type DeviceId, type EventId, idFromBytes, type StreamId } from '../../events/ids.ts'
import {
  ChatError,
  type Clock,
  type Contact,
  type FileDisk,
  type Identity,
  type Journal,
  type Keyspace,
  type Log,
  type OneToOne,
  type People,
  type Random,
  standingOf,
} from '../../kernel/api/index.ts'
import { Admission } from './admission.ts'
import { fileDraft } from './file-events.ts'
import type { NoReason } from './frames.ts'
import { BLOCK_BYTES, NAME_MAX_BYTES } from './limits.ts'
import { Meter } from './meter.ts'
import type { Offer, OffersView } from './offers-view.ts'
import { type Kept, OwnOffers } from './own-offers.ts'
import { type Served, serveStream } from './served-stream.ts'
import { findSource, hashSource, type Source, SourceReader } from './source.ts'
import type { TreeShelf } from './tree-shelf.ts'

export interface UploadParts {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly journal: Journal
  readonly keyspace: Keyspace
  readonly identity: Identity
  readonly people: People
  readonly oneToOne: OneToOne
  readonly disk: FileDisk
  readonly shelf: TreeShelf
  readonly view: OffersView
}

const TREE_BYTES = 16

export interface Offered {
  readonly id: EventId
  readonly source: Source
}

export class Uploads {
  readonly #parts: UploadParts
  readonly #own: OwnOffers
  readonly #admission = new Admission()
  readonly #meters = new Map<EventId, Meter>()
  readonly #streams = new Map<Duplex, { readonly from: DeviceId; offer: EventId | undefined }>()

  constructor(parts: UploadParts) {
    this.#parts = parts
    this.#own = new OwnOffers(parts.keyspace, parts.shelf)
  }

  /** What was being offered when the power went is offered, or never was. */
  load(): Promise<void> {
    const { view, identity } = this.#parts
    return this.#own.recover([...view.offers.values()].filter(({ author }) => author === identity.device))
  }

  /** How far an own file has gone; undefined before anybody asked for it. */
  meter(offer: EventId): Meter | undefined {
    return this.#meters.get(offer)
  }

  /** Whether somebody is getting it now. */
  isSending(offer: EventId): boolean {
    return [...this.#streams.values()].some(served => served.offer === offer)
  }

  /** Reads it once, and says in the conversation that it can be had. `each` may throw to end it. */
  async offer(to: Contact, path: string, each: (doneBytes: number, bytes: number) => void): Promise<Offered> {
    const { random, disk, oneToOne } = this.#parts
    const source = await findSource(disk, path)
    const { name } = source
    if (name === '' || Buffer.byteLength(name) > NAME_MAX_BYTES)
      throw new ChatError('USAGE', `${path} has no name that it could be sent under`)
    // A conversation that cannot be had is not worth reading gigabytes for.
    const stream = await oneToOne.prepare(to)
    const tree = idFromBytes<EventId>(random.bytes(TREE_BYTES))
    const kept: Kept = { path: source.path, kind: source.kind, tree, stamp: source.stamp }
    await this.#own.begin(stream, kept)
    const id = await this.#say(stream, source, tree, each).catch(async error => {
      await this.#own.drop(tree).catch(() => undefined)
      throw error
    })
    await this.#own.said(id, kept)
    return { id, source }
  }

  /** It arrived: nobody will ask for it again. */
  async arrived(offer: EventId): Promise<void> {
    this.#meters.delete(offer)
    await this.#own.forget(offer)
  }

  /** Somebody opened a stream. Never rejects. */
  async accept(from: DeviceId, stream: Duplex): Promise<void> {
    const { clock, journal, people } = this.#parts
    const person = people.card(from)?.person
    const isStranger = person === undefined || !standingOf(people.contact(person)).mayBeTold
    const pass = this.#admission.enter({ who: person ?? from, isStranger })
    if (pass === undefined) {
      stream.destroy()
      return
    }
    this.#streams.set(stream, { from, offer: undefined })
    try {
      const find = async (offer: EventId) => (pass.isServed ? this.#find(from, stream, offer) : 'busy')
      await serveStream({ clock, stream, find })
    } catch (error) {
      journal.note(`a file could not be given away: ${String(error)}`, from)
    } finally {
      pass.leave()
      this.#streams.delete(stream)
    }
  }

  /** Breaks off what is under way. */
  stop(): void {
    for (const stream of this.#streams.keys()) stream.destroy()
  }

  async #say(
    stream: StreamId,
    source: Source,
    tree: string,
    each: (doneBytes: number, bytes: number) => void,
  ): Promise<EventId> {
    const { log, disk, shelf } = this.#parts
    const { name, kind, bytes } = source
    let doneBytes = 0
    const root = await hashSource(disk, source, shelf, tree, count => {
      doneBytes += count
      each(doneBytes, bytes)
    })
    const draft = fileDraft({ type: 'file.offered', name, kind, bytes, hash: Buffer.from(root) })
    const [recorded] = await log.submit(stream, [draft])
    return recorded!.event.id
  }

  async #find(from: DeviceId, stream: Duplex, id: EventId): Promise<Served | NoReason> {
    const { disk, shelf } = this.#parts
    const offer = this.#offeredTo(from, id)
    const kept = offer === undefined ? undefined : await this.#own.kept(id)
    if (offer === undefined || kept === undefined) return 'unknown'
    if (offer.reason === 'changed') return 'changed'
    const [nodes, list] = await Promise.all([shelf.nodes(kept.tree), shelf.list(kept.tree)])
    // Hashes that were lost do not come back.
    if (nodes === undefined) return 'unknown'
    const isMeant = (): boolean => this.#offeredTo(from, id) !== undefined
    if (!isMeant()) return 'unknown'
    this.#replaceOlder(from, stream, id)
    const meter = this.#meterOf(id)
    const { path, kind, tree, stamp } = kept
    return {
      bytes: offer.bytes,
      nodes,
      isMeant,
      reader: new SourceReader(disk, { path, kind, bytes: offer.bytes, stamp, list }),
      leaves: group => shelf.leaves(tree, group),
      sending: from => meter.begin(Math.min(offer.bytes, from * BLOCK_BYTES)),
      sent: bytes => meter.add(bytes),
      changed: error => void this.#changed(offer, error),
    }
  }

  /** The offer, if this device made it to the person whose device asks, and they are still on speaking terms. */
  #offeredTo(from: DeviceId, id: EventId): Offer | undefined {
    const { view, identity, people, oneToOne } = this.#parts
    const offer = view.offers.get(id)
    const person = people.card(from)?.person
    if (offer === undefined || person === undefined || offer.author !== identity.device) return undefined
    const isTheirs = oneToOne.streamWith(person) === offer.stream && person !== identity.person
    return isTheirs && standingOf(people.contact(person)).mayBeTold ? offer : undefined
  }

  /** A device that asks once more has given up the stream before. */
  #replaceOlder(from: DeviceId, stream: Duplex, offer: EventId): void {
    for (const [older, served] of this.#streams)
      if (older !== stream && served.from === from && served.offer === offer) older.destroy()
    const served = this.#streams.get(stream)
    if (served !== undefined) served.offer = offer
  }

  #meterOf(offer: EventId): Meter {
    const meter = this.#meters.get(offer) ?? new Meter(this.#parts.clock)
    this.#meters.set(offer, meter)
    return meter
  }

  /** Said once, however often it is asked for. */
  async #changed({ id, stream }: Offer, error: ChatError): Promise<void> {
    const { log, journal, view } = this.#parts
    journal.note(error.message, id)
    if (view.offers.get(id)?.state === 'failed') return
    const draft = fileDraft({ type: 'file.failed', offer: id, reason: 'changed' })
    await log.submit(stream, [draft]).catch(() => undefined)
  }
}
