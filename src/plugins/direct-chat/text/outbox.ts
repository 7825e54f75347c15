/**
 * The sending half towards one device: which of this device's events it has, which are under way, and when to
 * send what again. Nothing is taken from the log before it is admitted there, and nothing is forgotten before
 * the other side said that it is on its disk.
 */
import type { Opened } from '../../../events/envelope.ts'
import type { DeviceId, EventId, StreamId } from '../../../events/ids.ts'
import type { Output, Turn } from '../../../kernel/api/index.ts'
import type { Base } from '../../../wire/compact.ts'
import type { FragmentAckFrame, IdPrefix, NeedFullFrame, PointerFrame } from '../../../wire/frame.ts'
import { CongestionWindow } from './congestion-window.ts'
import type { Pointers } from './delivery-book.ts'
import { REPEATED_ACKS, UNNAMED_IN_FLIGHT_MAX } from './limits.ts'
import { Parcel } from './parcel.ts'
import { RoundTrip } from './round-trip.ts'
import { Unsent } from './unsent.ts'

export interface Route {
  readonly self: DeviceId
  readonly stream: StreamId
  readonly device: DeviceId
}

export class Outbox {
  /** From the first datagram of the run acknowledged last to its acknowledgement. */
  lastRttMs: number | undefined
  readonly unsent: Unsent
  readonly #route: Route
  readonly #pointers: Pointers
  readonly #roundTrip = new RoundTrip()
  readonly #window = new CongestionWindow()
  #parcels: Parcel[] = []
  #inFlight = 0
  /** The newest event acknowledged in this tunnel. */
  #acknowledged: EventId | undefined
  #repeatedAcks = 0
  /** Events up to this seq are sent whole. */
  #wholeThrough = -1
  #rewoundAtMs = Number.NEGATIVE_INFINITY

  constructor(route: Route, pointers: Pointers) {
    this.#route = route
    this.#pointers = pointers
    this.unsent = new Unsent(route.stream, route.self, pointers.delivered)
  }

  /** Whether anything is not delivered yet, as far as is known. */
  get hasWork(): boolean {
    return this.#parcels.length > 0 || this.unsent.isSome
  }

  get isInFlight(): boolean {
    return this.#inFlight > 0
  }

  get timeoutMs(): number {
    return this.#roundTrip.timeoutMs
  }

  /** A new tunnel: what was acknowledged in the old one is no longer taken for granted. */
  linkUp(): void {
    this.#acknowledged = undefined
    this.#roundTrip.progressed()
  }

  /** Packets come through again, or go another way: what should have been acknowledged by now is not waited for. */
  turned(turn: Turn, out: Output[]): void {
    this.#roundTrip.progressed()
    this.#resendOlder(this.#roundTrip.guessMs, turn, out)
  }

  /** Nothing under way can be counted on: all of it goes back to waiting. */
  linkDown(): void {
    const [first] = this.#parcels
    if (first === undefined) return
    this.unsent.putBack(
      this.#parcels.flatMap(({ run }) => run),
      first.base,
    )
    this.#parcels = []
    this.#inFlight = 0
  }

  /** Sends as much as the window allows. `receiverTip`: the newest event of the device that we have. */
  pump(receiverTip: EventId | undefined, turn: Turn, out: Output[]): void {
    const unfinished = this.#parcels.at(-1)
    if (unfinished !== undefined && !unfinished.isSent) this.#sendPieces(unfinished, turn, out)
    while (this.#inFlight < this.#window.size) {
      const { base } = this.unsent
      const run = this.unsent.takeRun()
      if (run === undefined) break
      const parcel = this.#pack(run, base, receiverTip)
      this.#parcels.push(parcel)
      this.#sendPieces(parcel, turn, out)
    }
    this.unsent.fetch(turn, out)
  }

  #pack(run: readonly Opened[], base: Base | undefined, receiverTip: EventId | undefined): Parcel {
    if (run[0]!.envelope.prev !== base?.id || run.at(-1)!.envelope.seq <= this.#wholeThrough)
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
    if (parcel.lastSeq >= this.#pointers.sent && parcel.isSent) this.#pointers.sent = parcel.lastSeq + 1
  }

  #send(bytes: Uint8Array, out: Output[]): void {
    out.push({ kind: 'send', to: this.#route.device, bytes })
  }

  /** The first seq that is not acknowledged now; undefined if the acknowledgement moved nothing. */
  acknowledged(frame: PointerFrame, turn: Turn, out: Output[]): number | undefined {
    const seq = this.#release(frame, turn, out)
    if (seq === undefined) {
      if (frame.seq + 1 === this.#pointers.delivered) this.#repeated(turn, out)
      return undefined
    }
    this.#repeatedAcks = 0
    this.#roundTrip.progressed()
    if (seq < this.#pointers.delivered) return undefined
    this.#pointers.delivered = seq + 1
    this.#pointers.sent = Math.max(this.#pointers.sent, seq + 1)
    return seq + 1
  }

  /** Lets go of what the acknowledgement covers, and returns up to where; undefined if it names nothing of ours. */
  #release({ seq, prefix }: PointerFrame, turn: Turn, out: Output[]): number | undefined {
    const end = this.#parcels.findIndex(parcel => parcel.lastSeq === seq && parcel.prefix === prefix)
    const isUnread = this.unsent.mayBeBehind(seq)
    if (end === -1 && !isUnread && !this.unsent.has(seq, prefix)) return undefined
    const released = this.#parcels.splice(0, end === -1 ? this.#parcels.length : end + 1)
    for (const parcel of released) this.#inFlight -= parcel.inFlight
    const covered = isUnread ? this.unsent.next - 1 : seq
    this.unsent.skip(covered)
    const newest = released[end]
    if (newest === undefined) return covered
    this.#acknowledged = newest.last.id
    this.#window.acknowledged(released.length)
    this.#measure(newest, turn, out)
    return covered
  }

  #measure(parcel: Parcel, turn: Turn, out: Output[]): void {
    const rttMs = turn.nowMs - parcel.firstSentAtMs
    this.lastRttMs = rttMs
    if (!parcel.wasResent) this.#roundTrip.measured(rttMs)
    out.push({ kind: 'note', about: parcel.last.id, what: `acknowledged after ${rttMs.toFixed(1)} ms` })
  }

  /** The receiver got something beyond a gap: after a few of these the first parcel is taken for lost. */
  #repeated(turn: Turn, out: Output[]): void {
    const [first] = this.#parcels
    this.#repeatedAcks += 1
    if (first === undefined || this.#repeatedAcks % REPEATED_ACKS !== 0) return
    const waitedMs = this.#roundTrip.guessMs
    // What is early is told at once, and a round trip holds a sync of the disk: only a second loss has to wait for one.
    const sentByMs = first.wasResent ? turn.nowMs - waitedMs : turn.nowMs
    const pieces = first.resend(sentByMs, turn.nowMs, this.#window.size)
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
    const waitedMs = this.#roundTrip.guessMs
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
    const first = this.#resendOlder(timeoutMs, turn, out)
    if (first !== undefined) {
      out.push({ kind: 'note', about: first.last.id, what: `sent again after ${timeoutMs.toFixed(0)} ms` })
      this.#window.lost(turn.nowMs, timeoutMs)
      this.#roundTrip.expired()
    }
    const oldest = Math.min(...this.#parcels.map(({ oldestSentAtMs }) => oldestSentAtMs))
    return Math.max(1, oldest + this.#roundTrip.timeoutMs - turn.nowMs)
  }

  /** Sends what has waited for so long, as much as the window allows. Returns the first of it. */
  #resendOlder(waitedMs: number, turn: Turn, out: Output[]): Parcel | undefined {
    let left = this.#window.size
    let first: Parcel | undefined
    for (const parcel of this.#parcels) {
      if (left <= 0 || parcel.oldestSentAtMs + waitedMs > turn.nowMs) continue
      const pieces = parcel.resend(turn.nowMs - waitedMs, turn.nowMs, left)
      for (const piece of pieces) this.#send(piece, out)
      if (pieces.length > 0) first ??= parcel
      left -= pieces.length
    }
    return first
  }

  /** The receiver could not rebuild an event: it and everything from `from` on up to it is sent whole. */
  needFull({ from, prefix }: NeedFullFrame, turn: Turn, out: Output[]): void {
    const waitMs = this.#roundTrip.guessMs
    if (from >= this.unsent.next || turn.nowMs - this.#rewoundAtMs < waitMs) return
    this.#rewoundAtMs = turn.nowMs
    const asked = this.#parcels.find(parcel => parcel.prefix === prefix)
    this.#wholeThrough = Math.max(this.#wholeThrough, asked?.lastSeq ?? from)
    const firstSeq = this.#parcels[0]?.firstSeq ?? this.unsent.firstSeq
    if (firstSeq > from) this.#rewind(from, turn, out)
    else this.#resendWhole(from, turn, out)
  }

  #resendWhole(from: number, turn: Turn, out: Output[]): void {
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

  #rewind(from: number, turn: Turn, out: Output[]): void {
    this.#parcels = []
    this.#inFlight = 0
    this.unsent.rewind(from)
    this.unsent.fetch(turn, out)
  }

  /** The run under way whose frame has this prefix; empty if there is none. */
  underWay(prefix: IdPrefix): readonly Opened[] {
    return this.#parcels.find(parcel => parcel.prefix === prefix)?.run ?? []
  }
}
