/**
 * The methods `file.send`, `file.ls`, `file.get` and `file.rm`: what commands and other clients call. They tell how a file stands
 * while somebody waits for it, and end what nobody waits for any more.
 */
import { z } from 'zod'
import type { EventId } from '../../events/ids.ts'
import {
  type Caller,
  ChatError,
  type Clock,
  type Identity,
  type Method,
  type OneToOne,
  type People,
  withFields,
} from '../../kernel/api/index.ts'
import type { Download } from './download.ts'
import type { Downloads } from './downloads.ts'
import { HEARD_PATIENCE_MS, PROGRESS_EVERY_MS, SILENCE_MAX_MS } from './limits.ts'
import type { Meter, Progress } from './meter.ts'
import type { Offer, OffersView } from './offers-view.ts'
import type { Uploads } from './uploads.ts'

/** Of a rate that is told. */
const RATE_DIGITS = 4
const TIMEOUT_MAX_MS = 24 * 60 * 60 * 1000
const timeoutMs = z.number().min(0).max(TIMEOUT_MAX_MS)

const SEND = z.object({
  to: z.string().min(1),
  path: z.string().min(1),
  wait: z.enum(['offered', 'done']).default('offered'),
  /** No longer than so, for `done`; without it as long as it takes. */
  timeoutMs: timeoutMs.optional(),
  /** The node ends with the call: an offer that nobody has heard of by then would be of no use. */
  isLeaving: z.boolean().default(false),
})
const id = z.string().regex(/^[0-9a-f]{4,64}$/, 'is not the id of a file')
const RM = z.object({ id })
const GET = z.object({
  id,
  path: z.string().min(1),
  isAnywhere: z.boolean().default(false),
  timeoutMs: timeoutMs.default(SILENCE_MAX_MS),
})

export interface FileCallParts {
  readonly clock: Clock
  readonly identity: Identity
  readonly people: People
  readonly oneToOne: OneToOne
  readonly view: OffersView
  readonly uploads: Uploads
  readonly downloads: Downloads
}

export class FileCalls {
  readonly #parts: FileCallParts
  /** Who waits for news of an offer. */
  readonly #waiting = new Map<EventId, Set<() => void>>()

  constructor(parts: FileCallParts) {
    this.#parts = parts
  }

  methods(): readonly Method[] {
    return [
      { name: 'file.send', call: (params, caller) => this.#send(params, caller) },
      { name: 'file.ls', call: () => this.#ls() },
      { name: 'file.get', call: (params, caller) => this.#get(params, caller) },
      { name: 'file.rm', call: params => this.#rm(params) },
    ]
  }

  /** Something was said about this offer. */
  heard(offer: EventId): void {
    for (const wake of this.#waiting.get(offer) ?? []) wake()
  }

  async #send(params: unknown, caller: Caller): Promise<unknown> {
    const { to, path, wait, timeoutMs, isLeaving } = SEND.parse(params)
    const { people, oneToOne, uploads } = this.#parts
    const contact = await people.find(to)
    const emit = this.#seldom(caller)
    const { id, source } = await uploads.offer(contact, path, (doneBytes, bytes) => {
      if (caller.hasGone) throw new ChatError('STOPPED', `${path} was not offered`, { hint: '' })
      emit({ type: 'reading', doneBytes, bytes })
    })
    if (wait === 'done') await this.#untilDone(id, contact.name, timeoutMs, caller)
    else if (isLeaving) await oneToOne.delivered(id, HEARD_PATIENCE_MS)
    const { skipped, misnamed } = source
    return { ...(await this.#document(this.#offer(id))), skipped, misnamed }
  }

  async #untilDone(id: EventId, to: string, timeoutMs: number | undefined, caller: Caller): Promise<void> {
    const { uploads } = this.#parts
    const isOver = (): boolean => ['done', 'failed'].includes(this.#offer(id).state)
    const endTelling = this.#tellOf(() => uploads.meter(id), this.#offer(id), caller)
    try {
      await this.#until(id, isOver, timeoutMs, caller)
    } finally {
      endTelling()
    }
    const offer = this.#offer(id)
    const fields = await this.#document(offer)
    if (offer.state === 'failed') throw failed(offer, to, fields)
    if (offer.state === 'done') return
    const more = {
      hint: 'it stays offered: they can get it while a node of this home runs, as `ntm up` does',
      fields,
    }
    if (caller.hasGone)
      throw new ChatError('STOPPED', `${offer.name} is offered; nobody waits for it any more`, more)
    throw new ChatError('TIMED_OUT', `${to} has not got ${offer.name} in time`, more)
  }

  #until(id: EventId, isSo: () => boolean, timeoutMs: number | undefined, caller: Caller): Promise<void> {
    const { clock } = this.#parts
    return new Promise(resolve => {
      const end = (): void => {
        stopTimer()
        stopListening()
        waiting.delete(look)
        if (waiting.size === 0) this.#waiting.delete(id)
        resolve()
      }
      const look = (): void => {
        if (isSo()) end()
      }
      const waiting = this.#waiting.get(id) ?? new Set()
      this.#waiting.set(id, waiting.add(look))
      let stopListening = (): void => undefined
      const stopTimer = timeoutMs === undefined ? () => undefined : clock.after(timeoutMs, end)
      if (isSo() || caller.hasGone) end()
      else stopListening = caller.onGone(end)
    })
  }

  async #get(params: unknown, caller: Caller): Promise<unknown> {
    const { id: given, path, isAnywhere, timeoutMs } = GET.parse(params)
    const { downloads } = this.#parts
    const offer = this.#foreign(given)
    if (offer.state === 'done' && downloads.running(offer.id) === undefined)
      return { ...(await this.#document(offer)), path: await downloads.arrivedAt(offer) }
    const download = await downloads.want(offer, { path, isAnywhere }, timeoutMs)
    const endWaiting = download.await(timeoutMs)
    const endTelling = this.#tellOf(() => download.meter, offer, caller)
    let stopListening = (): void => undefined
    const gone = new Promise<undefined>(resolve => {
      stopListening = caller.onGone(() => resolve(undefined))
    })
    try {
      const path = await Promise.race([download.done, gone])
      endWaiting()
      return {
        ...(await this.#document(this.#offer(offer.id))),
        path: path ?? (await this.#left(offer, download)),
      }
    } catch (error) {
      endWaiting()
      const fields = await this.#document(this.#offer(offer.id), download.meter)
      throw error instanceof ChatError ? withFields(error, fields) : error
    } finally {
      endTelling()
      stopListening()
    }
  }

  /** Somebody does not wait any more. What nobody waits for stops, unless it was there by then. */
  async #left({ id, name }: Offer, download: Download): Promise<string> {
    if (download.isAwaited) throw new ChatError('STOPPED', `${name} goes on, for somebody else waits for it`)
    await this.#parts.downloads.pause(id)
    return download.done
  }

  async #rm(params: unknown): Promise<unknown> {
    const offer = this.#foreign(RM.parse(params).id)
    if (offer.state === 'done')
      throw new ChatError('USAGE', `${offer.name} has arrived`, { hint: 'remove the file itself' })
    await this.#parts.downloads.giveUp(offer)
    return this.#document(this.#offer(offer.id))
  }

  async #ls(): Promise<unknown> {
    return { files: await Promise.all(this.#all().map(offer => this.#document(offer))) }
  }

  /** One that is not offered from here. */
  #foreign(given: string): Offer {
    const offer = this.#offer(given)
    if (offer.author !== this.#parts.identity.device) return offer
    throw new ChatError('USAGE', `${offer.name} is offered from here`)
  }

  #all(): readonly Offer[] {
    return [...this.#parts.view.offers.values()].sort((one, other) => one.at - other.at)
  }

  /** By its id, or the beginning of it. Throws NOT_FOUND or AMBIGUOUS. */
  #offer(given: string): Offer {
    const exact = this.#parts.view.offers.get(given as EventId)
    const [found, other] =
      exact === undefined ? this.#all().filter(({ id }) => id.startsWith(given)) : [exact]
    if (other !== undefined)
      throw new ChatError('AMBIGUOUS', `several files have an id that begins with ${given}`)
    if (found !== undefined) return found
    throw new ChatError('NOT_FOUND', `there is no file with the id ${given}`, {
      hint: '`ntm file ls` lists what was offered',
    })
  }

  /** `meter`: of what has just ended; else that of what is on its way. */
  async #document(offer: Offer, meter = this.#meter(offer)): Promise<Record<string, unknown>> {
    const { downloads, identity, people, oneToOne } = this.#parts
    const { id, name, bytes, hash, kind, at, author, stream } = offer
    const isOwn = author === identity.device
    const person = oneToOne.personOf(stream)
    const peer = (person && people.contact(person)?.name) ?? people.card(author)?.name ?? null
    const isMoving = meter !== undefined
    const state = offer.state === 'offered' && isMoving ? 'sending' : offer.state
    const isWaiting = state === 'sending' && this.#meter(offer) === undefined
    const rate = offer.bytesPerSecond ?? meter?.progress.bytesPerSecond
    const done = isOwn ? this.#parts.uploads.meter(id)?.progress.doneBytes : await downloads.doneBytes(offer)
    return {
      ...{ id, name, bytes, hash, state },
      mbPerSecond: rate === undefined ? null : Number((rate / 1e6).toPrecision(RATE_DIGITS)),
      ...{ kind, at, peer, direction: isOwn ? 'out' : 'in' },
      doneBytes: state === 'done' ? bytes : (done ?? 0),
      isWaiting,
      reason: (state === 'failed' ? offer.reason : isWaiting ? downloads.waitsFor(id) : undefined) ?? null,
    }
  }

  /** Of what is on its way now. */
  #meter({ id, author }: Offer): Meter | undefined {
    const { uploads, downloads, identity } = this.#parts
    if (author !== identity.device) return downloads.running(id)?.meter
    return uploads.isSending(id) ? uploads.meter(id) : undefined
  }

  /** Tells the caller how far it is, every now and then and at the end; returns how to stop. */
  #tellOf(meter: () => Meter | undefined, { id, name, bytes }: Offer, caller: Caller): () => void {
    const { clock } = this.#parts
    let stop = (): void => undefined
    const say = (): void => {
      const progress: Progress | undefined = meter()?.progress
      if (progress !== undefined)
        caller.emit({
          ...{ type: 'progress', id, name, bytes, ...progress },
          bytesPerSecond: progress.bytesPerSecond ?? null,
        })
    }
    const tell = (): void => {
      say()
      stop = clock.after(PROGRESS_EVERY_MS, tell)
    }
    tell()
    return () => {
      stop()
      say()
    }
  }

  #seldom(caller: Caller): (item: unknown) => void {
    const { clock } = this.#parts
    let lastMs = Number.NEGATIVE_INFINITY
    return item => {
      if (clock.monotonicMs() - lastMs < PROGRESS_EVERY_MS) return
      lastMs = clock.monotonicMs()
      caller.emit(item)
    }
  }
}

function failed({ name, reason }: Offer, to: string, fields: Record<string, unknown>): ChatError {
  if (reason === 'changed')
    return new ChatError('FILE_CHANGED', `${name} was changed or removed after it was offered`, {
      hint: 'send it again',
      fields,
    })
  if (reason === 'damaged')
    return new ChatError('FILE_DAMAGED', `what arrived at ${to} of ${name} was not what was offered`, {
      fields,
    })
  return new ChatError('FILE_REFUSED', `${to} could not take ${name}, or does not want it`, {
    hint: 'ask them',
    fields,
  })
}
