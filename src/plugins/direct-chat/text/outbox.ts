/**
 * The sending half towards one device: which of this device's events it has, which are under way, and when to
 * send what again. Nothing is taken from the log before it is admitted there, and nothing is forgotten before
 * the other side said that it is on its disk.
 */
import type { Opened } from '../../../events/envelope.ts'
import type { DeviceId, EventId, StreamId } from '../../../events/ids.ts'
import type { Output, Turn } from '../../../kernel/api/index.ts'
import type { Base } from '../../../wire/compact.ts'
import type { FragmentAckFrame, NeedFullFrame, PointerFrame } from '../../../wire/frame.ts'
import { CongestionWindow } from './congestion-window.ts'
import type { Pointers } from './delivery-book.ts'
import {
  FETCH_BACK,
  FETCH_LIMIT,
  FETCH_PATIENCE_MS,
  REPEATED_ACKS,
  RTO_MIN_MS,
  UNNAMED_IN_FLIGHT_MAX,
  WAITING_MAX,
} from './limits.ts'
import { Parcel } from './parcel.ts'
import { baseOf } from './recent-events.ts'
import { RoundTrip } from './round-trip.ts'

export interface Route {
  readonly self: DeviceId
  readonly stream: StreamId
  readonly device: DeviceId
}

export class Outbox {
  /** From the first datagram of the run acknowledged last to its acknowledgement. */
  lastRttMs: number | undefined
  readonly #route: Route
  readonly #pointers: Pointers
  readonly #roundTrip = new RoundTrip()
  readonly #window = new CongestionWindow()
  /** Read from the log or appended, in order, not yet in a parcel. */
  #waiting: Opened[] = []
  #parcels: Parcel[] = []
  #inFlight = 0
  /** The seq that comes after everything in `waiting`. */
  #next: number
  /** Everything before this one need not be sent: the durable pointer, unless the receiver lost something. */
  #sendFrom: number
  /** One more than the newest own seq heard of. */
  #end = 0
  /** The event before the first one waiting. */
  #base: Base | undefined
  /** The newest event acknowledged in this tunnel. */
  #acknowledged: EventId | undefined
  /** The fetch under way: what it asked for, and when. */
  #fetching: { readonly from: number; readonly atMs: number } | undefined
  /** Everything in the log has been read, or is known from `appended`. */
  #isCaughtUp = false
  #repeatedAcks = 0
  /** Events up to this seq are sent whole. */
  #wholeThrough = -1
  #rewoundAtMs = Number.NEGATIVE_INFINITY

  constructor(route: Route, pointers: Pointers) {
    this.#route = route
    this.#pointers = pointers
    this.#sendFrom = pointers.delivered
    this.#next = Math.max(0, pointers.delivered - FETCH_BACK)
  }

  /** Whether anything is not delivered yet, as far as is known. */
  get hasWork(): boolean {
    return this.#parcels.length > 0 || this.#waiting.length > 0 || this.#end > this.#sendFrom
  }

  get isInFlight(): boolean {
    return this.#inFlight > 0
  }

  get timeoutMs(): number {
    return this.#roundTrip.timeoutMs
  }

  /** Asks the log for what is not in memory, unless that was asked a moment ago. */
  fetch(turn: Turn, out: Output[]): void {
    const isDone = this.#isCaughtUp && this.#next >= this.#end
    if (isDone || this.#waiting.length > WAITING_MAX / 2) return
    if (this.#fetching !== undefined && turn.nowMs - this.#fetching.atMs < FETCH_PATIENCE_MS) return
    this.#fetching = { from: this.#next, atMs: turn.nowMs }
    const { stream, self: author } = this.#route
    out.push({ kind: 'fetch', stream, author, fromSeq: this.#next, limit: FETCH_LIMIT })
  }

  /** The log's answer. False if nobody here asked for it. */
  fetched(fromSeq: number, events: readonly Opened[]): boolean {
    if (this.#fetching?.from !== fromSeq) return false
    this.#fetching = undefined
    for (const event of events) this.#take(event)
    if (events.length < FETCH_LIMIT) this.#isCaughtUp = true
    return true
  }

  appended(event: Opened): void {
    const { seq } = event.envelope
    this.#end = Math.max(this.#end, seq + 1)
    if (this.#isCaughtUp && this.#waiting.length < WAITING_MAX) this.#take(event)
  }

  #take(event: Opened): void {
    const { seq } = event.envelope
    if (seq !== this.#next) return
    this.#next += 1
    this.#end = Math.max(this.#end, this.#next)
    if (seq < this.#sendFrom) this.#base = baseOf(event)
    else this.#waiting.push(event)
  }

  /** A new tunnel: what was acknowledged in the old one is no longer taken for granted. */
  linkUp(): void {
    this.#acknowledged = undefined
    this.#roundTrip.progressed()
  }

  /** Nothing under way can be counted on: all of it goes back to waiting. */
  linkDown(): void {
    const [first] = this.#parcels
    if (first === undefined) return
    this.#waiting = [...this.#parcels.flatMap(({ run }) => run), ...this.#waiting]
    this.#base = first.base
    this.#parcels = []
    this.#inFlight = 0
  }

  /** Sends as much as the window allows. `receiverTip`: the newest event of the device that we have. */
  pump(receiverTip: EventId | undefined, turn: Turn, out: Output[]): void {
    const unfinished = this.#parcels.at(-1)
    if (unfinished !== undefined && !unfinished.isSent) this.#sendPieces(unfinished, turn, out)
    let start = 0
    while (this.#inFlight < this.#window.size) {
      const run = this.#nextRun(start)
      if (run === undefined) break
      start += run.length
      const parcel = this.#pack(run, receiverTip)
      this.#parcels.push(parcel)
      this.#sendPieces(parcel, turn, out)
    }
    if (start > 0) this.#waiting = this.#waiting.slice(start)
    if (this.#waiting.length < FETCH_LIMIT && this.#next < this.#end) this.fetch(turn, out)
  }

  /** Events from `start` up to the next signature; undefined if the run is not here to its end. */
  #nextRun(start: number): Opened[] | undefined {
    for (let index = start; index < this.#waiting.length; index += 1)
      if (this.#waiting[index]!.sig !== undefined) return this.#waiting.slice(start, index + 1)
    return undefined
  }

  #pack(run: readonly Opened[], receiverTip: EventId | undefined): Parcel {
    const base = this.#base
    const last = run.at(-1)!
    this.#base = baseOf(last)
    if (run[0]!.envelope.prev !== base?.id || last.envelope.seq <= this.#wholeThrough)
      return new Parcel(run, base, 'whole')
    return new Parcel(run, base, {
      directStream: this.#route.stream,
      base,
      acknowledged: this.#acknowledged,
      receiverTip: this.#parcels.length > UNNAMED_IN_FLIGHT_MAX ? undefined : receiverTip,
    })
  }

  #sendPieces(parcel: Parcel, turn: Turn, out: Output[]): void {
    while (!parcel.isSent && this.#inFlight < this.#window.size) {
      this.#inFlight += 1
      this.#send(parcel.sendNext(turn.nowMs), out)
    }
    if (parcel.lastSeq >= this.#pointers.sent && parcel.isSent) {
      this.#pointers.sent = parcel.lastSeq + 1
      out.push({ kind: 'note', about: parcel.last.id, what: 'sent' })
    }
  }

  #send(bytes: Uint8Array, out: Output[]): void {
    out.push({ kind: 'send', to: this.#route.device, bytes })
  }

  /** Whether the acknowledgement moved the pointer. */
  acknowledged(frame: PointerFrame, turn: Turn, out: Output[]): boolean {
    const { seq } = frame
    if (seq >= this.#next) return false
    const before = this.#parcels.length
    if (!this.#release(frame, turn, out)) return false
    if (seq < this.#sendFrom && this.#parcels.length === before) {
      if (seq + 1 === this.#sendFrom) this.#repeated(turn, out)
      return false
    }
    this.#repeatedAcks = 0
    this.#roundTrip.progressed()
    this.#sendFrom = Math.max(this.#sendFrom, seq + 1)
    if (seq < this.#pointers.delivered) return false
    this.#pointers.delivered = seq + 1
    this.#pointers.sent = Math.max(this.#pointers.sent, seq + 1)
    return true
  }

  /** Lets go of what the acknowledgement covers. False if it names an event that is not ours. */
  #release({ seq, prefix }: PointerFrame, turn: Turn, out: Output[]): boolean {
    const covered = this.#parcels.findIndex(parcel => parcel.lastSeq > seq)
    const released = covered === -1 ? this.#parcels : this.#parcels.slice(0, covered)
    const newest = released.at(-1)
    if (newest?.lastSeq === seq && newest.prefix !== prefix) return false
    this.#parcels = covered === -1 ? [] : this.#parcels.slice(covered)
    for (const parcel of released) this.#inFlight -= parcel.inFlight
    if (newest !== undefined && newest.lastSeq === seq) {
      this.#acknowledged = newest.last.id
      this.#measure(newest, turn, out)
      this.#window.acknowledged(released.length)
    }
    if (this.#parcels.length === 0) this.#skipWaiting(seq)
    return true
  }

  #measure(parcel: Parcel, turn: Turn, out: Output[]): void {
    const rttMs = turn.nowMs - parcel.firstSentAtMs
    this.lastRttMs = rttMs
    if (!parcel.wasResent) this.#roundTrip.measured(rttMs)
    out.push({ kind: 'note', about: parcel.last.id, what: `acknowledged after ${rttMs.toFixed(1)} ms` })
  }

  /** What the receiver had from an earlier life of this node need not be sent again. */
  #skipWaiting(seq: number): void {
    let covered = 0
    while (covered < this.#waiting.length && this.#waiting[covered]!.envelope.seq <= seq) covered += 1
    if (covered === 0) return
    this.#base = baseOf(this.#waiting[covered - 1]!)
    this.#acknowledged = this.#base.seq === seq ? this.#base.id : this.#acknowledged
    this.#waiting = this.#waiting.slice(covered)
  }

  /** The receiver got something beyond a gap: after a few of these the first parcel is taken for lost. */
  #repeated(turn: Turn, out: Output[]): void {
    const [first] = this.#parcels
    this.#repeatedAcks += 1
    if (first === undefined || this.#repeatedAcks % REPEATED_ACKS !== 0) return
    const waitedMs = this.#roundTrip.smoothedMs ?? RTO_MIN_MS
    const pieces = first.resend(turn.nowMs - waitedMs, turn.nowMs, this.#window.size)
    for (const piece of pieces) this.#send(piece, out)
    if (pieces.length > 0) this.#window.lost(turn.nowMs, waitedMs)
  }

  /** A report about the pieces of a long frame. */
  reported(report: FragmentAckFrame, turn: Turn, out: Output[]): void {
    const parcel = this.#parcels.find(({ prefix }) => prefix === report.prefix)
    if (parcel === undefined || parcel.pieceCount === 1) return
    const before = parcel.inFlight
    const newest = parcel.reported(report)
    this.#inFlight += parcel.inFlight - before
    const arrived = before - parcel.inFlight
    if (arrived > 0) {
      if (!parcel.wasResent) this.#roundTrip.measured(turn.nowMs - parcel.sentAtMs(newest))
      this.#window.acknowledged(arrived)
      this.#roundTrip.progressed()
    }
    const waitedMs = this.#roundTrip.smoothedMs ?? RTO_MIN_MS
    const pieces = parcel.resend(
      turn.nowMs - waitedMs,
      turn.nowMs,
      this.#window.size,
      Math.max(0, newest - REPEATED_ACKS),
    )
    for (const piece of pieces) this.#send(piece, out)
    if (pieces.length > 0) this.#window.lost(turn.nowMs, waitedMs)
  }

  /** Sends again what waited too long. Returns when to look again, undefined if nothing is under way. */
  expire(turn: Turn, out: Output[]): number | undefined {
    if (this.#parcels.length === 0) return undefined
    const timeoutMs = this.#roundTrip.timeoutMs
    let [left, oldest] = [this.#window.size, Number.POSITIVE_INFINITY]
    const lost: Parcel[] = []
    for (const parcel of this.#parcels) {
      if (left > 0 && parcel.oldestSentAtMs + timeoutMs <= turn.nowMs) {
        const pieces = parcel.resend(turn.nowMs - timeoutMs, turn.nowMs, left)
        for (const piece of pieces) this.#send(piece, out)
        if (pieces.length > 0) lost.push(parcel)
        left -= pieces.length
      }
      oldest = Math.min(oldest, parcel.oldestSentAtMs)
    }
    const [first] = lost
    if (first !== undefined) {
      out.push({ kind: 'note', about: first.last.id, what: `sent again after ${timeoutMs.toFixed(0)} ms` })
      this.#window.lost(turn.nowMs, timeoutMs)
      this.#roundTrip.expired()
    }
    return Math.max(1, oldest + this.#roundTrip.timeoutMs - turn.nowMs)
  }

  /** The receiver could not rebuild an event: it and everything from `from` on up to it is sent whole. */
  needFull({ from, prefix }: NeedFullFrame, turn: Turn, out: Output[]): void {
    const waitMs = this.#roundTrip.smoothedMs ?? RTO_MIN_MS
    if (from >= this.#next || turn.nowMs - this.#rewoundAtMs < waitMs) return
    this.#rewoundAtMs = turn.nowMs
    const asked = this.#parcels.find(parcel => parcel.prefix === prefix)
    this.#wholeThrough = Math.max(this.#wholeThrough, asked?.lastSeq ?? from)
    const [first] = this.#parcels
    if (first === undefined || first.firstSeq > from) {
      if ((this.#waiting[0]?.envelope.seq ?? this.#next) > from) this.#rewind(from, turn, out)
      return
    }
    for (const parcel of this.#parcels) {
      if (parcel.lastSeq < from || parcel.firstSeq > this.#wholeThrough) continue
      this.#inFlight -= parcel.inFlight
      parcel.makeWhole()
      while (!parcel.isSent) {
        this.#inFlight += 1
        this.#send(parcel.sendNext(turn.nowMs), out)
      }
    }
  }

  /** Begins again at an event that had been acknowledged once: the receiver has lost it. */
  #rewind(from: number, turn: Turn, out: Output[]): void {
    this.#sendFrom = from
    this.#parcels = []
    this.#waiting = []
    this.#inFlight = 0
    this.#base = undefined
    this.#next = from
    this.#isCaughtUp = false
    this.#fetching = undefined
    this.fetch(turn, out)
  }

  /** The receiver will not take this run. Returns its seqs; empty if nothing like it is under way. */
  refused(prefix: string): readonly number[] {
    const parcel = this.#parcels.find(under => under.prefix === prefix)
    return parcel === undefined ? [] : parcel.run.map(event => event.envelope.seq)
  }
}
