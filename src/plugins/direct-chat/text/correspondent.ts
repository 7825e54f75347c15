/**
 * One device at the other end: its outbox, its inbox, the link to it, and the timers of all three. The text
 * machine routes inputs to correspondents; everything that concerns a single device is decided here.
 */
import type { Opened } from '../../../events/envelope.ts'
import type { DeviceId, EventId } from '../../../events/ids.ts'
import type { Output, Turn, Verdict } from '../../../kernel/api/index.ts'
import { joinFragment, NO_TRANSFERS } from '../../../wire/fragment.ts'
import {
  decodeFrame,
  encodeFrame,
  type FragmentFrame,
  type Frame,
  type PointerFrame,
  type RefusedFrame,
} from '../../../wire/frame.ts'
import type { Acquaintance } from './acquaintance.ts'
import type { DeliveryBook, DeliveryState, Pointers } from './delivery-book.ts'
import { Inbox } from './inbox.ts'
import { GIVE_BACK_EVERY_MS, REFUSED_PAUSE_MS, UNREAD_DATAGRAMS_MAX } from './limits.ts'
import { Outbox } from './outbox.ts'
import { PathSeeker } from './path-seeker.ts'
import { isWorthReporting } from './piece-reports.ts'
import { PointerKeeper } from './pointer-keeper.ts'
import type { RecentEvents } from './recent-events.ts'
import { wordsOf } from './refusals.ts'
import type { SavedPointers } from './saved-pointers.ts'
import { ShownTeller } from './shown-teller.ts'
import { type TimerKind, Timers } from './timers.ts'

export interface CorrespondentParts {
  readonly self: DeviceId
  readonly device: DeviceId
  readonly stream: Acquaintance['stream']
  readonly recent: RecentEvents
  readonly book: DeliveryBook
  readonly saved: SavedPointers | undefined
}

export class Correspondent {
  readonly #parts: CorrespondentParts
  readonly #pointers: Pointers
  readonly #keeper: PointerKeeper
  readonly #outbox: Outbox
  readonly #inbox: Inbox
  readonly #timers: Timers
  readonly #seeker: PathSeeker
  readonly #shown: ShownTeller
  #transfers = NO_TRANSFERS
  #isUp = false
  #isPaused = false
  #gaveBackAtMs = Number.NEGATIVE_INFINITY
  /** Frames that came before it was known where the conversation stands. */
  readonly #unread: Uint8Array[] = []

  constructor(parts: CorrespondentParts) {
    const { self, stream, device, recent, book, saved } = parts
    this.#parts = parts
    this.#pointers = book.pointers(stream, device)
    this.#keeper = new PointerKeeper(this.#pointers, saved)
    this.#outbox = new Outbox({ self, stream, device }, this.#pointers)
    this.#timers = new Timers(device)
    this.#seeker = new PathSeeker(device, this.#timers)
    const answer = (frame: Frame, out: Output[]): void => this.#answer(frame, out)
    this.#shown = new ShownTeller(this.#pointers, this.#timers, answer)
    this.#inbox = new Inbox({ self, stream, device, recent, answer }, saved?.received ?? 0)
  }

  /** Reads from the log where the conversation stands. */
  begin(turn: Turn, out: Output[]): void {
    this.#inbox.fetch(turn, out)
    this.#outbox.unsent.fetch(turn, out)
  }

  link(isUp: boolean, mayBeTold: boolean, turn: Turn, out: Output[]): void {
    if (isUp && this.#isUp) {
      if (mayBeTold && !this.#isPaused) this.#outbox.turned(turn, out)
      this.push(mayBeTold, turn, out)
      return
    }
    this.#isUp = isUp
    if (isUp) {
      this.#seeker.found(out)
      this.#outbox.linkUp()
      this.#resume()
      this.#shown.restart()
      this.#tellShown(out)
    } else {
      this.#outbox.linkDown()
      this.#timers.disarm('retransmit', out)
    }
    this.push(mayBeTold, turn, out)
  }

  /** Sends what may be sent, or asks for a path if there is something to send and none is there. */
  push(mayBeTold: boolean, turn: Turn, out: Output[]): void {
    if (!mayBeTold || this.#isPaused) return
    if (!this.#isUp) {
      if (this.#outbox.hasWork) this.#seeker.seek(turn, out)
      return
    }
    const before = this.#pointers.sent
    this.#outbox.pump(this.#inbox.tip?.id, turn, out)
    if (this.#pointers.sent > before) {
      this.#tell('sent', this.#pointers.sent)
      this.#keeper.sentMore()
    }
    this.#armRetransmit(turn, out)
  }

  woke(timer: TimerKind, mayBeTold: boolean, turn: Turn, out: Output[]): void {
    this.#timers.fired(timer)
    switch (timer) {
      case 'retransmit':
        this.#retransmit(mayBeTold, turn, out)
        break
      case 'reach':
        if (!this.#isUp && mayBeTold && this.#outbox.hasWork) this.#seeker.again(turn, out)
        break
      case 'gap':
        this.#inbox.lookAtGap(out)
        this.#armGap(turn, out)
        break
      case 'read':
        this.#tellShown(out)
        break
      case 'pause':
        this.#resume()
        this.push(mayBeTold, turn, out)
    }
  }

  #resume(): void {
    if (this.#isPaused) this.#parts.book.retried(this.#parts.stream)
    this.#isPaused = false
  }

  #retransmit(mayBeTold: boolean, turn: Turn, out: Output[]): void {
    if (!this.#isUp || !mayBeTold || this.#isPaused) return
    const againMs = this.#outbox.expire(turn, out)
    if (againMs !== undefined) this.#timers.armBy('retransmit', againMs, turn, out)
    this.push(mayBeTold, turn, out)
  }

  #armRetransmit(turn: Turn, out: Output[]): void {
    if (this.#outbox.isInFlight) this.#timers.armBy('retransmit', this.#outbox.timeoutMs, turn, out)
  }

  #armGap(turn: Turn, out: Output[]): void {
    const { gapMs } = this.#inbox
    if (gapMs !== undefined) this.#timers.armBy('gap', gapMs, turn, out)
  }

  /** Takes a datagram of the device. */
  datagram(bytes: Uint8Array, turn: Turn, out: Output[]): void {
    if (!this.#inbox.isReady) {
      if (this.#unread.length < UNREAD_DATAGRAMS_MAX) this.#unread.push(bytes)
      this.#inbox.fetch(turn, out)
      return
    }
    this.#read(bytes, turn, out)
    this.#readReleased(turn, out)
  }

  /** Frames that were early and are not any more. */
  #readReleased(turn: Turn, out: Output[]): void {
    for (let next = this.#inbox.nextReleased(); next !== undefined; next = this.#inbox.nextReleased())
      this.#read(next, turn, out)
    this.#armGap(turn, out)
  }

  #read(bytes: Uint8Array, turn: Turn, out: Output[]): void {
    const decoded = decodeFrame(bytes)
    if (!decoded.ok) return
    const frame = decoded.value
    switch (frame.kind) {
      case 'text':
      case 'run':
      case 'full':
        this.#inbox.take(frame, bytes, turn, out)
        break
      case 'fragment':
        this.#join(frame, turn, out)
        break
      case 'ack':
      case 'read':
        this.#acknowledged(frame, turn, out)
        break
      case 'fragmentAck':
        this.#outbox.reported(frame, turn, out)
        break
      case 'needFull':
        this.#outbox.needFull(frame, turn, out)
        break
      case 'refused':
        this.#refused(frame, out)
        break
      case 'want':
        this.#giveBack(frame.ids, turn, out)
    }
  }

  #join(fragment: FragmentFrame, turn: Turn, out: Output[]): void {
    if (this.#inbox.isKnown(fragment.prefix, turn, out)) return
    const { state, ack, frame } = joinFragment(this.#transfers, fragment, turn.nowMs)
    const isRepeated = state.bytes === this.#transfers.bytes
    this.#transfers = state
    if (frame !== undefined) {
      this.#read(frame, turn, out)
      return
    }
    if (isRepeated || isWorthReporting(fragment, ack)) this.#answer(ack, out)
  }

  #acknowledged(frame: PointerFrame, turn: Turn, out: Output[]): void {
    const delivered = this.#outbox.acknowledged(frame, turn, out)
    if (delivered !== undefined) {
      this.#keeper.moved()
      this.#tell('delivered', delivered, this.#outbox.lastRttMs)
    }
    const below = frame.seq + 1
    const isShown = frame.kind === 'read' && below <= this.#pointers.delivered && below > this.#pointers.read
    if (!isShown) return
    this.#pointers.read = below
    this.#keeper.moved()
    this.#tell('read', below)
  }

  #refused({ prefix, reason }: RefusedFrame, out: Output[]): void {
    const refused = this.#outbox.underWay(prefix)
    if (refused.length === 0) return
    const seqs = refused.map(({ envelope }) => envelope.seq)
    const { book, stream } = this.#parts
    const why = wordsOf(reason)
    book.failed(stream, seqs, why)
    for (const { id } of refused) out.push({ kind: 'note', about: id, what: `failed: ${why}` })
    this.#isPaused = true
    this.#tell('failed', seqs.at(-1)! + 1)
    this.#timers.disarm('retransmit', out)
    this.#timers.arm('pause', REFUSED_PAUSE_MS, out)
  }

  judged(verdicts: readonly Verdict[], turn: Turn, out: Output[]): void {
    this.#inbox.judged(verdicts, out)
    this.#readReleased(turn, out)
    this.#keeper.received(this.#inbox.tip?.seq ?? 0)
  }

  appendedTheirs(event: Opened, turn: Turn, out: Output[]): void {
    this.#inbox.appended(event, out)
    this.#readReleased(turn, out)
  }

  appendedOwn(event: Opened, out: Output[]): void {
    this.#outbox.unsent.appended(event)
    if (!this.#isUp) out.push({ kind: 'note', about: event.id, what: 'queued: there is no path yet' })
  }

  fetchedOwn(fromSeq: number, events: readonly Opened[]): void {
    this.#outbox.unsent.fetched(fromSeq, events)
  }

  fetchedTheirs(fromSeq: number, events: readonly Opened[], turn: Turn, out: Output[]): void {
    this.#inbox.fetched(fromSeq, events, turn, out)
    if (!this.#inbox.isReady) return
    for (const bytes of this.#unread.splice(0)) this.datagram(bytes, turn, out)
  }

  /** This person has seen everything of the device up to this event. */
  show(seq: number, id: EventId, out: Output[]): void {
    if (!this.#shown.show(seq, id)) return
    this.#keeper.moved()
    this.#tellShown(out)
  }

  #tellShown(out: Output[]): void {
    if (this.#isUp) this.#shown.tell(this.#inbox.tip, out)
  }

  /** What the device wrote and has lost. It asks with each repetition of ours, and nobody is served more often. */
  #giveBack(ids: readonly EventId[], turn: Turn, out: Output[]): void {
    if (turn.nowMs - this.#gaveBackAtMs < GIVE_BACK_EVERY_MS) return
    this.#gaveBackAtMs = turn.nowMs
    const { device, stream } = this.#parts
    out.push({ kind: 'find', device, stream, ids })
  }

  #tell(state: DeliveryState, below: number, rttMs?: number): void {
    const { book, stream, device } = this.#parts
    book.tell({ stream, device, state, below, rttMs })
  }

  #answer(frame: Frame, out: Output[]): void {
    out.push({ kind: 'send', to: this.#parts.device, bytes: encodeFrame(frame) })
  }

  /** Writes the pointers if they moved. Called once at the end of a step. */
  keep(out: Output[]): void {
    const { stream, device } = this.#parts
    this.#keeper.keep(stream, device, this.#inbox.tip?.seq ?? 0, out)
  }
}
