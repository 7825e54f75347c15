/**
 * Files that this person wants: each is asked for until it is there, a few at a time. What is wanted is remembered, so
 * that it goes on by itself when its sender can be reached again, also after a restart.
 */
import type { DeviceId, EventId } from '../../events/ids.ts'
import {
  ChatError,
  type Clock,
  type Contact,
  type ErrorCode,
  type FileDisk,
  type Identity,
  type Journal,
  type Keyspace,
  type Log,
  type OneToOne,
  type Peers,
  type People,
  type Streams,
  standingOf,
  toChatError,
} from '../../kernel/api/index.ts'
import { Claims } from './claims.ts'
import { Download, type DownloadWork } from './download.ts'
import { Fetch } from './fetch.ts'
import { type FailureReason, fileDraft } from './file-events.ts'
import { Landing, type Place, partOf } from './landing.ts'
import { FETCHES_EACH_MAX, FETCHES_MAX, FILE_MAX_BYTES, SILENCE_MAX_MS } from './limits.ts'
import type { Meter } from './meter.ts'
import type { Offer, OffersView } from './offers-view.ts'
import { bytesAt, choosePlace, claimRoom } from './place.ts'
import { Setbacks } from './setbacks.ts'
import type { TreeShelf } from './tree-shelf.ts'
import { Turnstile } from './turnstile.ts'
import { WantedFiles } from './wanted.ts'

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

export interface Where {
  /** A folder that is there, or a new name in one. */
  readonly path: string
  /** Nobody named it: where it was begun before is as good. */
  readonly isAnywhere: boolean
}

/** Whoever was heard so shortly ago has just said no, and did not fall silent. */
const ANSWERED_MS = 1_000

/** Failures after which the same offer can never arrive. */
const FINAL: Partial<Record<ChatError['code'], FailureReason>> = {
  FILE_CHANGED: 'changed',
  FILE_DAMAGED: 'damaged',
  FILE_REFUSED: 'refused',
}

export class Downloads {
  readonly #parts: DownloadParts
  readonly #running = new Map<EventId, Download>()
  readonly #wanted: WantedFiles
  readonly #setbacks: Setbacks
  readonly #claims = new Claims()
  readonly #turnstile = new Turnstile({ max: FETCHES_MAX, eachMax: FETCHES_EACH_MAX })

  constructor(parts: DownloadParts) {
    this.#parts = parts
    this.#wanted = new WantedFiles(parts.keyspace)
    this.#setbacks = new Setbacks(parts.clock)
  }

  /** What was wanted before the last stop. */
  load(): Promise<void> {
    return this.#wanted.load()
  }

  running(offer: EventId): Download | undefined {
    return this.#running.get(offer)
  }

  /** Why it is not being fetched now, as a code; undefined for what is, and for what nobody wants. */
  waitsFor(offer: EventId): ErrorCode | undefined {
    const wanted = this.#wanted.of(offer)
    if (wanted === undefined || this.#running.has(offer)) return undefined
    return wanted.isStopped ? 'STOPPED' : (this.#setbacks.of(offer)?.code ?? 'PEER_UNREACHABLE')
  }

  /** How much of it has arrived so far. */
  async doneBytes({ id, bytes }: Offer): Promise<number> {
    const running = this.#running.get(id)
    if (running?.meter.hasBegun === true) return running.meter.progress.doneBytes
    const place = running?.place ?? this.#wanted.of(id)
    if (place === undefined) return 0
    const { disk } = this.#parts
    return Math.min(bytes, (await bytesAt(disk, partOf(disk, place, id)).catch(() => 0)) ?? 0)
  }

  /**
   * Where it was put when it had arrived; undefined when that was not here. Throws NOT_FOUND when it is not there any
   * more: its sender keeps nothing of an offer that was taken.
   */
  async arrivedAt({ id, name }: Offer): Promise<string | undefined> {
    const path = this.#wanted.of(id)?.published
    if (path === undefined || (await this.#parts.disk.facts(path)) !== undefined) return path
    throw new ChatError('NOT_FOUND', `${name} arrived as ${path}, and is not there any more`, {
      hint: 'an offer brings it once; ask for it to be sent again',
    })
  }

  /** Wants it from now on. Rejects when it cannot be had here at all; what has arrived stays where it is then. */
  async want(offer: Offer, where: Where, silenceMaxMs: number): Promise<Download> {
    const { oneToOne } = this.#parts
    if (offer.bytes > FILE_MAX_BYTES)
      throw new ChatError(
        'FILE_REFUSED',
        `${offer.bytes} bytes are offered, and nothing larger than ${FILE_MAX_BYTES} is taken`,
      )
    const running = await this.#runningAt(offer, where)
    if (running !== undefined) return running
    const place = await this.#placeOf(offer, where)
    const contact = this.#senderOf(offer)
    if (contact === undefined) throw new ChatError('NOT_FOUND', `nobody here knows who offered ${offer.name}`)
    await oneToOne.prepare(contact)
    this.#setbacks.forget(offer.id)
    // Another call may have come here first.
    const download = this.#running.get(offer.id) ?? this.#begin(offer, place, silenceMaxMs)
    await download.ready
    return download
  }

  /** A device can be reached: what it has is asked for. */
  reachable(device: DeviceId): void {
    const { view } = this.#parts
    for (const [id, wanted] of this.#wanted.all) {
      const offer = view.offers.get(id)
      if (wanted.isStopped || offer?.author !== device || this.#running.has(id)) continue
      if (offer.state === 'done' || offer.reason === 'changed') continue
      if (this.#setbacks.mayTry(id) && this.#isMeant(offer)) this.#begin(offer, wanted, SILENCE_MAX_MS)
    }
  }

  /** A device cannot be reached any more. */
  parted(device: DeviceId): void {
    for (const [id] of this.#wanted.all)
      if (this.#parts.view.offers.get(id)?.author === device) this.#setbacks.parted(id)
  }

  /** Stops all, to go on after the next start. */
  async stop(): Promise<void> {
    await Promise.all([...this.#running.values()].map(download => download.stop()))
  }

  /** Whoever asked for it does not want it any more for now. */
  async pause(offer: EventId): Promise<void> {
    const wanted = this.#wanted.of(offer)
    try {
      if (wanted !== undefined) await this.#wanted.remember(offer, { ...wanted, isStopped: true })
    } finally {
      await this.#running.get(offer)?.stop()
    }
  }

  /** The one that runs already. Where it is wanted elsewhere now, that one ends, unless somebody waits for it. */
  async #runningAt(offer: Offer, where: Where): Promise<Download | undefined> {
    const running = this.#running.get(offer.id)
    if (running === undefined) return undefined
    const isThere = where.isAnywhere || isPlace(this.#parts.disk, running.place, where.path)
    if (isThere && !running.signal.aborted) return running
    if (running.isAwaited && !running.signal.aborted)
      throw new ChatError('USAGE', `somebody waits for ${offer.name} in ${running.place.folder}`, {
        hint: 'leave out the path to wait for it there as well, or stop that one first',
      })
    await running.stop()
    return undefined
  }

  /** It is not wanted any more: what there is of it goes, and who offered it is told. */
  async giveUp(offer: Offer): Promise<void> {
    const { disk } = this.#parts
    await this.#running.get(offer.id)?.stop()
    const place = this.#wanted.of(offer.id)
    if (place !== undefined) await disk.remove(partOf(disk, place, offer.id))
    await this.#failed(offer, 'refused')
  }

  #begin(offer: Offer, place: Place, silenceMaxMs: number): Download {
    const { id } = offer
    const work: DownloadWork = (download, ready) =>
      this.#fetch(offer, download, ready).finally(() => {
        this.#running.delete(id)
        this.#claims.drop(id)
      })
    const download = new Download(this.#parts.clock, place, silenceMaxMs, work)
    this.#running.set(id, download)
    return download
  }

  async #fetch(offer: Offer, download: Download, ready: () => void): Promise<string> {
    const { clock, peers, streams, disk, shelf, people, oneToOne, journal } = this.#parts
    const { id, kind, bytes } = offer
    const { place, meter, signal } = download
    const naming = (path: string): Promise<void> =>
      this.#wanted.remember(id, { isStopped: false, ...place, ...this.#wanted.of(id), published: path })
    const landing = new Landing({ disk, place, offer: id, kind, bytes, naming })
    const from = people.card(offer.author)?.name ?? 'its sender'
    const turn = { turnstile: this.#turnstile, sender: oneToOne.personOf(offer.stream) ?? offer.author }
    const note = (what: string): void => journal.note(what, id)
    const isMeant = (): boolean => this.#isMeant(offer)
    const silenceMaxMs = (): number => download.silenceMaxMs
    try {
      await this.#prepare(offer, download)
      ready()
      const fetch = new Fetch({
        ...{ clock, peers, streams, shelf, landing, offer, from, note, ...turn },
        ...{ meter, signal, silenceMaxMs, isMeant },
      })
      const path = await fetch.run()
      await this.#arrived(offer, meter)
      return path
    } catch (thrown) {
      const error = toChatError(thrown)
      const reason = FINAL[error.code]
      if (reason !== undefined) {
        await this.#failed(offer, reason)
        await landing.discard().catch(left => note(String(left)))
      }
      if (error.code !== 'STOPPED') this.#setBack(offer, error)
      throw error
    }
  }

  /** All that can be known before anything is asked for; then it is wanted. */
  async #prepare(offer: Offer, { place, meter, signal }: Download): Promise<void> {
    const { disk, log } = this.#parts
    const { id } = offer
    const arrivedBytes = (): number => meter.progress.movedBytes
    if (place.published === undefined) await claimRoom(disk, this.#claims, place, { ...offer, arrivedBytes })
    if (signal.aborted) throw new ChatError('STOPPED', `getting ${offer.name} was stopped`)
    const before = this.#wanted.of(id)
    if (before !== undefined && partOf(disk, before, id) !== partOf(disk, place, id))
      await disk.remove(partOf(disk, before, id))
    if (before !== place || before.isStopped) await this.#wanted.remember(id, { ...place, isStopped: false })
    if (offer.state === 'offered')
      await log.submit(offer.stream, [fileDraft({ type: 'file.accepted', offer: id })])
  }

  async #arrived({ id, stream }: Offer, meter: Meter): Promise<void> {
    const { bytesPerSecond } = meter.progress
    const told = bytesPerSecond === undefined ? {} : { bytesPerSecond: Math.round(bytesPerSecond) }
    await this.#parts.log.submit(stream, [fileDraft({ type: 'file.received', offer: id, ...told })])
    await this.#parts.shelf.forget(id)
    this.#setbacks.forget(id)
  }

  async #failed({ id, stream }: Offer, reason: FailureReason): Promise<void> {
    const { log, view, shelf } = this.#parts
    this.#setbacks.forget(id)
    const state = view.offers.get(id)?.state
    if (state === 'offered' || state === 'sending')
      await log.submit(stream, [fileDraft({ type: 'file.failed', offer: id, reason })])
    await this.#wanted.forget(id)
    await shelf.forget(id)
  }

  /** What is still wanted waits: for its sender when that does not answer, and else for a while. */
  #setBack({ id, author }: Offer, error: ChatError): void {
    const { clock, journal, peers } = this.#parts
    if (this.#setbacks.of(id)?.message !== error.message) journal.note(error.message, id)
    if (this.#wanted.of(id) === undefined) this.#setbacks.forget(id)
    else this.#setbacks.add(id, error)
    const link = peers.links().find(({ device }) => device === author)
    const silentMs = clock.now() - (link?.lastSeenMs ?? 0)
    if (link?.up !== true || silentMs > ANSWERED_MS) this.#setbacks.parted(id)
  }

  #senderOf({ stream }: Offer): Contact | undefined {
    const { oneToOne, people } = this.#parts
    const person = oneToOne.personOf(stream)
    return person && people.contact(person)
  }

  /** Nothing is taken from people who were removed or blocked. */
  #isMeant(offer: Offer): boolean {
    return standingOf(this.#senderOf(offer)).mayBeTold
  }

  /** Where it was begun, unless it is wanted elsewhere now. */
  #placeOf({ id, name }: Offer, { path, isAnywhere }: Where): Place | Promise<Place> {
    const { disk } = this.#parts
    const wanted = this.#wanted.of(id)
    const isThere = wanted !== undefined && (isAnywhere || isPlace(disk, wanted, path))
    return isThere ? wanted : choosePlace(disk, path, name)
  }
}

/** Whether whoever names this path means that place. */
const isPlace = (disk: FileDisk, { folder, name }: Place, path: string): boolean =>
  folder === path || disk.join(folder, name) === path
