/**
 * Files that this person wants: each is asked for until it is there, a few at a time. What is wanted is remembered, so
 * that it goes on by itself when its sender can be reached again, also after a restart.
 */
import { z } from 'zod'
import type { DeviceId, EventId } from '../../events/ids.ts'
import {
  ChatError,
  type Clock,
  type FileDisk,
  type Identity,
  type Journal,
  type Keyspace,
  type Log,
  type OneToOne,
  type Peers,
  type People,
  type Streams,
  toChatError,
} from '../../kernel/api/index.ts'
import { Fetch } from './fetch.ts'
import { type FailureReason, fileDraft } from './file-events.ts'
import { Landing, type Place, partOf } from './landing.ts'
import { FETCHES_EACH_MAX, FETCHES_MAX, FILE_MAX_BYTES, SILENCE_MAX_MS } from './limits.ts'
import { Meter } from './meter.ts'
import type { Offer, OffersView } from './offers-view.ts'
import { checkRoom, choosePlace } from './place.ts'
import type { TreeShelf } from './tree-shelf.ts'
import { Turnstile } from './turnstile.ts'

export interface DownloadParts {
  readonly clock: Clock
  readonly log: Log
  readonly journal: Journal
  readonly keyspace: Keyspace
  readonly identity: Identity
  readonly people: People
  readonly oneToOne: OneToOne
  readonly peers: Peers
  readonly streams: Streams
  readonly disk: FileDisk
  readonly shelf: TreeShelf
  readonly view: OffersView
}

/** What is remembered of a file that is wanted, or was and has arrived. */
const WANTED = z.object({
  folder: z.string(),
  name: z.string(),
  /** Where it is, once it has arrived; before that the path that it is about to get. */
  published: z.string().optional(),
  /** Somebody stopped it: it goes on when it is asked for again, and not by itself. */
  isStopped: z.boolean(),
})
type Wanted = z.infer<typeof WANTED>

const WANTED_PREFIX = 'wanted/'

/** One file that is being fetched now, or waits for its turn. */
export interface Download {
  readonly meter: Meter
  /** The path of the file. */
  readonly done: Promise<string>
  stop(): void
}

export interface Where {
  /** A folder that is there, or a new name in one. */
  readonly path: string
  /** Nobody named it: where it was begun before is as good. */
  readonly isAnywhere: boolean
}

/** Failures after which the same offer can never arrive. */
const FINAL: Partial<Record<ChatError['code'], FailureReason>> = {
  FILE_CHANGED: 'changed',
  FILE_DAMAGED: 'damaged',
  FILE_REFUSED: 'refused',
}

export class Downloads {
  readonly #parts: DownloadParts
  readonly #running = new Map<EventId, Download>()
  readonly #wanted = new Map<EventId, Wanted>()
  readonly #turnstile = new Turnstile({ max: FETCHES_MAX, eachMax: FETCHES_EACH_MAX })

  constructor(parts: DownloadParts) {
    this.#parts = parts
  }

  /** What was wanted before the last stop. */
  async load(): Promise<void> {
    for await (const [key, bytes] of this.#parts.keyspace.list(WANTED_PREFIX))
      this.#wanted.set(
        key.slice(WANTED_PREFIX.length) as EventId,
        WANTED.parse(JSON.parse(Buffer.from(bytes).toString())),
      )
  }

  running(offer: EventId): Download | undefined {
    return this.#running.get(offer)
  }

  /**
   * Where it was put when it had arrived; undefined when that was not here. Throws NOT_FOUND when it is not there any
   * more: its sender keeps nothing of an offer that was taken.
   */
  async arrivedAt({ id, name }: Offer): Promise<string | undefined> {
    const path = this.#wanted.get(id)?.published
    if (path === undefined || (await this.#parts.disk.facts(path)) !== undefined) return path
    throw new ChatError('NOT_FOUND', `${name} arrived as ${path}, and is not there any more`, {
      hint: 'an offer brings it once; ask for it to be sent again',
    })
  }

  /** Wants it from now on. Rejects when it cannot be had here at all; what has arrived stays where it is then. */
  async want(offer: Offer, where: Where, silenceMaxMs: number): Promise<Download> {
    const running = this.#running.get(offer.id)
    if (running !== undefined) return running
    const { disk, log, oneToOne, people } = this.#parts
    if (offer.bytes > FILE_MAX_BYTES)
      throw new ChatError(
        'FILE_REFUSED',
        `${offer.bytes} bytes are offered, and nothing larger than ${FILE_MAX_BYTES} is taken`,
      )
    const before = this.#wanted.get(offer.id)
    const place = await this.#placeOf(offer, where)
    if (place.published === undefined) await checkRoom(disk, place, offer)
    if (before !== undefined && before !== place) await disk.remove(partOf(disk, before, offer.id))
    const person = oneToOne.personOf(offer.stream)
    const contact = person === undefined ? undefined : people.contact(person)
    if (contact === undefined) throw new ChatError('NOT_FOUND', `nobody here knows who offered ${offer.name}`)
    await oneToOne.prepare(contact)
    // Another call may have come here first.
    const meanwhile = this.#running.get(offer.id)
    if (meanwhile !== undefined) return meanwhile
    const download = this.#begin(offer, place, silenceMaxMs)
    await this.#remember(offer.id, { ...place, isStopped: false })
    if (offer.state === 'offered')
      await log.submit(offer.stream, [fileDraft({ type: 'file.accepted', offer: offer.id })])
    return download
  }

  /** A device can be reached: what it has is asked for. */
  reachable(device: DeviceId): void {
    const { view } = this.#parts
    for (const [id, wanted] of this.#wanted) {
      const offer = view.offers.get(id)
      if (wanted.isStopped || offer?.author !== device || this.#running.has(id)) continue
      if (offer.state === 'done' || offer.reason === 'changed') continue
      this.#begin(offer, wanted, SILENCE_MAX_MS)
    }
  }

  /** Stops all, to go on after the next start. */
  async stop(): Promise<void> {
    const running = [...this.#running.values()]
    for (const download of running) download.stop()
    await Promise.allSettled(running.map(({ done }) => done))
  }

  /** Whoever asked for it does not want it any more for now. */
  async pause(offer: EventId): Promise<void> {
    const wanted = this.#wanted.get(offer)
    if (wanted !== undefined) await this.#remember(offer, { ...wanted, isStopped: true })
    const running = this.#running.get(offer)
    running?.stop()
    await running?.done.catch(() => undefined)
  }

  #begin(offer: Offer, place: Place, silenceMaxMs: number): Download {
    const { clock } = this.#parts
    const leave = new AbortController()
    const meter = new Meter(clock)
    const done = this.#fetch(offer, place, { meter, signal: leave.signal, silenceMaxMs }).finally(() =>
      this.#running.delete(offer.id),
    )
    const download = { meter, done, stop: () => leave.abort() }
    this.#running.set(offer.id, download)
    done.catch(() => undefined)
    return download
  }

  async #fetch(
    offer: Offer,
    place: Place,
    how: { readonly meter: Meter; readonly signal: AbortSignal; readonly silenceMaxMs: number },
  ): Promise<string> {
    const { clock, peers, streams, disk, shelf, people, oneToOne, journal } = this.#parts
    const { id, kind, bytes } = offer
    const naming = (path: string): Promise<void> =>
      this.#remember(id, { isStopped: false, ...place, ...this.#wanted.get(id), published: path })
    const landing = new Landing({ disk, place, offer: id, kind, bytes, naming })
    const from = people.card(offer.author)?.name ?? 'its sender'
    const turn = { turnstile: this.#turnstile, sender: oneToOne.personOf(offer.stream) ?? offer.author }
    const note = (what: string): void => journal.note(what, offer.id)
    try {
      const fetch = new Fetch({ clock, peers, streams, shelf, landing, offer, from, note, ...turn, ...how })
      const path = await fetch.run()
      await this.#arrived(offer, how.meter)
      return path
    } catch (thrown) {
      const error = toChatError(thrown)
      if (error.code !== 'STOPPED') note(error.message)
      const reason = FINAL[error.code]
      if (reason !== undefined) await this.#failed(offer, landing, reason)
      throw error
    }
  }

  async #arrived({ id, stream }: Offer, meter: Meter): Promise<void> {
    const { bytesPerSecond } = meter.progress
    const told = bytesPerSecond === undefined ? {} : { bytesPerSecond: Math.round(bytesPerSecond) }
    await this.#parts.log.submit(stream, [fileDraft({ type: 'file.received', offer: id, ...told })])
    await this.#parts.shelf.forget(id)
  }

  async #failed({ id, stream }: Offer, landing: Landing, reason: FailureReason): Promise<void> {
    await landing.discard()
    await this.#parts.log.submit(stream, [fileDraft({ type: 'file.failed', offer: id, reason })])
    await this.#forget(id)
  }

  /** Where it was begun, unless it is wanted elsewhere now. */
  #placeOf({ id, name }: Offer, { path, isAnywhere }: Where): Place | Promise<Place> {
    const { disk } = this.#parts
    const wanted = this.#wanted.get(id)
    const isThere = wanted?.folder === path || (wanted && disk.join(wanted.folder, wanted.name)) === path
    return wanted !== undefined && (isAnywhere || isThere) ? wanted : choosePlace(disk, path, name)
  }

  async #remember(offer: EventId, wanted: Wanted): Promise<void> {
    this.#wanted.set(offer, wanted)
    const bytes = Buffer.from(JSON.stringify(wanted))
    await this.#parts.keyspace.write([[WANTED_PREFIX + offer, bytes]])
  }

  async #forget(offer: EventId): Promise<void> {
    this.#wanted.delete(offer)
    await this.#parts.keyspace.write([[WANTED_PREFIX + offer, undefined]])
    await this.#parts.shelf.forget(offer)
  }
}
