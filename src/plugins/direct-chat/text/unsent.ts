/**
 * This device's own events that are still to be sent to one device, in order. Only so many are held in memory;
 * what lies behind them is read from the log when it is needed, so a long absence costs nothing but disk.
 */
import type { Opened } from '../../../events/envelope.ts'
import type { DeviceId, StreamId } from '../../../events/ids.ts'
import type { Output, Turn } from '../../../kernel/api/index.ts'
import type { Base } from '../../../wire/compact.ts'
import { type IdPrefix, prefixOf } from '../../../wire/frame.ts'
import { FETCH_BACK, FETCH_LIMIT, FETCH_PATIENCE_MS, WAITING_MAX } from './limits.ts'
import { baseOf } from './recent-events.ts'

export class Unsent {
  readonly #stream: StreamId
  readonly #self: DeviceId
  #waiting: Opened[] = []
  /** Events before this one need not be sent. */
  #from: number
  /** The seq after everything in `waiting`. */
  #next: number
  /** One more than the newest own seq heard of. */
  #end = 0
  /** The event before the first one waiting, if it is known. */
  #base: Base | undefined
  /** The fetch under way: what it asked for, and when. */
  #fetching: { readonly from: number; readonly atMs: number } | undefined
  /** Everything in the log has been read, or is known from `appended`. */
  #isCaughtUp = false

  constructor(stream: StreamId, self: DeviceId, from: number) {
    this.#stream = stream
    this.#self = self
    this.#from = from
    this.#next = Math.max(0, from - FETCH_BACK)
  }

  get base(): Base | undefined {
    return this.#base
  }

  /** The first seq that was never in memory. */
  get next(): number {
    return this.#next
  }

  /** The first seq that waits; `next` if nothing does. */
  get firstSeq(): number {
    return this.#waiting[0]?.envelope.seq ?? this.#next
  }

  /** Whether there is anything, here or in the log. */
  get isSome(): boolean {
    return this.#waiting.length > 0 || this.#end > this.#next
  }

  /** Asks the log for more if memory runs low, unless that was asked a moment ago. */
  fetch(turn: Turn, out: Output[]): void {
    const isDone = this.#isCaughtUp && this.#next >= this.#end
    if (isDone || this.#waiting.length >= FETCH_LIMIT) return
    if (this.#fetching !== undefined && turn.nowMs - this.#fetching.atMs < FETCH_PATIENCE_MS) return
    this.#fetching = { from: this.#next, atMs: turn.nowMs }
    const [stream, author] = [this.#stream, this.#self]
    out.push({ kind: 'fetch', stream, author, fromSeq: this.#next, limit: FETCH_LIMIT })
  }

  /** The log's answer; ignored if nobody here asked for it. */
  fetched(fromSeq: number, events: readonly Opened[]): void {
    if (this.#fetching?.from !== fromSeq) return
    this.#fetching = undefined
    for (const event of events) this.#add(event)
    if (events.length < FETCH_LIMIT) this.#isCaughtUp = true
  }

  appended(event: Opened): void {
    this.#end = Math.max(this.#end, event.envelope.seq + 1)
    if (this.#isCaughtUp && this.#waiting.length < WAITING_MAX) this.#add(event)
  }

  #add(event: Opened): void {
    const { seq } = event.envelope
    if (seq !== this.#next) return
    this.#next += 1
    this.#end = Math.max(this.#end, this.#next)
    if (seq < this.#from) this.#base = baseOf(event)
    else this.#waiting.push(event)
  }

  /** The events up to the next signature; undefined if the run is not here to its end. */
  takeRun(): readonly Opened[] | undefined {
    const end = this.#waiting.findIndex(event => event.sig !== undefined)
    if (end === -1) return undefined
    const run = this.#waiting.splice(0, end + 1)
    this.#base = baseOf(run[end]!)
    return run
  }

  /** These were taken, but could not be sent. `base`: the event before them. */
  putBack(events: readonly Opened[], base: Base | undefined): void {
    this.#waiting = [...events, ...this.#waiting]
    this.#base = base
  }

  /** Whether the event waits here under this prefix. */
  has(seq: number, prefix: IdPrefix): boolean {
    const event = this.#waiting[seq - (this.#waiting[0]?.envelope.seq ?? 0)]
    return event?.envelope.seq === seq && prefixOf(event.id) === prefix
  }

  /** Whether the log may have this seq, although it was not read that far yet. */
  mayBeBehind(seq: number): boolean {
    return seq >= this.#next && (!this.#isCaughtUp || seq < this.#end)
  }

  /** The receiver has everything up to this seq, from an earlier life of this node. */
  skip(seq: number): void {
    this.#from = Math.max(this.#from, seq + 1)
    const first = this.#waiting[0]?.envelope.seq
    if (first === undefined || first > seq) return
    const skipped = this.#waiting.splice(0, seq + 1 - first)
    this.#base = baseOf(skipped.at(-1)!)
  }

  /** Begins again at an event that was acknowledged once: the receiver has lost it. */
  rewind(from: number): void {
    this.#waiting = []
    this.#from = from
    this.#next = from
    this.#base = undefined
    this.#fetching = undefined
    this.#isCaughtUp = false
  }
}
