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
  prefixOf,
  type RefusedFrame,
} from '../../../wire/frame.ts'
import type { Acquaintance } from './acquaintance.ts'
import type { DeliveryBook, DeliveryState, Pointers } from './delivery-book.ts'
import { Inbox } from './inbox.ts'
import {
  REACH_FIRST_MS,
  REACH_MAX_MS,
  READ_AGAIN_FIRST_MS,
  READ_TIMES,
  RECEIVED_LAG_MAX,
  REFUSED_PAUSE_MS,
  UNREAD_DATAGRAMS_MAX,
} from './limits.ts'
import { Outbox } from './outbox.ts'
import { isWorthReporting } from './piece-reports.ts'
import type { RecentEvents } from './recent-events.ts'
import { encodePointers, pointersKey, type SavedPointers } from './saved-pointers.ts'

/** Timers are named `what/device`. */
export type TimerKind = 'retransmit' | 'reach' | 'gap' | 'read' | 'pause'

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
  readonly #outbox: Outbox
  readonly #inbox: Inbox
  readonly #armed = new Set<TimerKind>()
  #transfers = NO_TRANSFERS
  #isUp = false
  #reachAfterMs = REACH_FIRST_MS
  #reachedAtMs = Number.NEGATIVE_INFINITY
  #isPaused = false
  /** Frames that came before it was known where the conversation stands. */
  #unread: Uint8Array[] = []
  /** How often the device was told what was shown last. */
  #shownTold = 0
  #shownId: EventId | undefined
  #isDirty = false
  #keptSent: number
  #keptReceived: number

  constructor(parts: CorrespondentParts) {
    const { self, stream, device, recent, book, saved } = parts
    this.#parts = parts
    this.#pointers = book.pointers(stream, device)
    if (saved !== undefined)
      Object.assign(this.#pointers, {
        sent: saved.sent,
        delivered: saved.delivered,
        read: saved.read,
        shown: saved.shown,
      })
    this.#keptSent = this.#pointers.sent
    this.#keptReceived = saved?.received ?? 0
    this.#outbox = new Outbox({ self, stream, device }, this.#pointers)
    this.#inbox = new Inbox(
      { stream, device, recent, answer: (frame, out) => this.#answer(frame, out) },
      saved?.received ?? 0,
    )
  }

  /** Reads from the log where the conversation stands. */
  begin(turn: Turn, out: Output[]): void {
    this.#inbox.fetch(turn, out)
    this.#outbox.unsent.fetch(turn, out)
  }

  link(isUp: boolean, mayBeTold: boolean, turn: Turn, out: Output[]): void {
    this.#isUp = isUp
    if (isUp) {
      this.#reachAfterMs = REACH_FIRST_MS
      this.#disarm('reach', out)
      this.#outbox.linkUp()
      this.#resume()
      this.#shownTold = 0
      this.#tellShown(out)
    } else {
      this.#outbox.linkDown()
      this.#disarm('retransmit', out)
    }
    this.push(mayBeTold, turn, out)
  }

  /** Sends what may be sent, or asks for a path if there is something to send and none is there. */
  push(mayBeTold: boolean, turn: Turn, out: Output[]): void {
    if (!mayBeTold || this.#isPaused) return
    if (!this.#isUp) {
      this.#reach(turn, out)
      return
    }
    const before = this.#pointers.sent
    this.#outbox.pump(this.#inbox.tip?.id, turn, out)
    if (this.#pointers.sent > before) this.#tell('sent', this.#pointers.sent)
    if (this.#keptSent <= this.#pointers.delivered && this.#pointers.sent > before) this.#isDirty = true
    this.#armRetransmit(out)
  }

  #reach(turn: Turn, out: Output[]): void {
    if (!this.#outbox.hasWork) return
    const isFresh = turn.nowMs - this.#reachedAtMs >= REACH_FIRST_MS
    if (this.#armed.has('reach') && !isFresh) return
    if (this.#armed.has('reach')) this.#reachAfterMs = REACH_FIRST_MS
    this.#askForPath(turn, out)
  }

  #askForPath(turn: Turn, out: Output[]): void {
    this.#reachedAtMs = turn.nowMs
    out.push({ kind: 'reach', device: this.#parts.device })
    const jitter = 0.75 + turn.random() / 2
    this.#arm('reach', this.#reachAfterMs * jitter, out)
    this.#reachAfterMs = Math.min(REACH_MAX_MS, this.#reachAfterMs * 2)
  }

  woke(timer: TimerKind, mayBeTold: boolean, turn: Turn, out: Output[]): void {
    this.#armed.delete(timer)
    switch (timer) {
      case 'retransmit':
        this.#retransmit(mayBeTold, turn, out)
        break
      case 'reach':
        if (!this.#isUp && mayBeTold && this.#outbox.hasWork) this.#askForPath(turn, out)
        break
      case 'gap':
        this.#inbox.lookAtGap(out)
        this.#armGap(out)
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
    if (againMs !== undefined) this.#arm('retransmit', againMs, out)
    this.push(mayBeTold, turn, out)
  }

  #armRetransmit(out: Output[]): void {
    if (this.#outbox.isInFlight && !this.#armed.has('retransmit'))
      this.#arm('retransmit', this.#outbox.timeoutMs, out)
  }

  #armGap(out: Output[]): void {
    const gapMs = this.#inbox.gapMs
    if (gapMs !== undefined && !this.#armed.has('gap')) this.#arm('gap', gapMs, out)
  }

  #arm(timer: TimerKind, afterMs: number, out: Output[]): void {
    this.#armed.add(timer)
    out.push({ kind: 'wake', timer: `${timer}/${this.#parts.device}`, afterMs })
  }

  #disarm(timer: TimerKind, out: Output[]): void {
    if (!this.#armed.delete(timer)) return
    out.push({ kind: 'wake', timer: `${timer}/${this.#parts.device}`, afterMs: undefined })
  }

  /** Takes a datagram of the device. */
  datagram(bytes: Uint8Array, turn: Turn, out: Output[]): void {
    if (!this.#inbox.isReady) {
      if (this.#unread.length < UNREAD_DATAGRAMS_MAX) this.#unread.push(bytes)
      this.#inbox.fetch(turn, out)
      return
    }
    this.#read(bytes, turn, out)
    for (let next = this.#inbox.nextReleased(); next !== undefined; next = this.#inbox.nextReleased())
      this.#read(next, turn, out)
    this.#armGap(out)
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
      this.#isDirty = true
      this.#tell('delivered', delivered, this.#outbox.lastRttMs)
    }
    const below = frame.seq + 1
    const isShown = frame.kind === 'read' && below <= this.#pointers.delivered && below > this.#pointers.read
    if (!isShown) return
    this.#pointers.read = below
    this.#isDirty = true
    this.#tell('read', below)
  }

  #refused({ prefix, reason }: RefusedFrame, out: Output[]): void {
    const refused = this.#outbox.underWay(prefix)
    if (refused.length === 0) return
    const seqs = refused.map(({ envelope }) => envelope.seq)
    const { book, stream } = this.#parts
    const why = `refused by the receiver, reason ${reason}`
    book.failed(stream, seqs, why)
    for (const { id } of refused) out.push({ kind: 'note', about: id, what: `failed: ${why}` })
    this.#isPaused = true
    this.#tell('failed', seqs.at(-1)! + 1)
    this.#disarm('retransmit', out)
    this.#arm('pause', REFUSED_PAUSE_MS, out)
  }

  judged(verdicts: readonly Verdict[], out: Output[]): void {
    this.#inbox.judged(verdicts, out)
    if ((this.#inbox.tip?.seq ?? 0) - this.#keptReceived >= RECEIVED_LAG_MAX) this.#isDirty = true
  }

  appendedTheirs(event: Opened, out: Output[]): void {
    this.#inbox.appended(event, out)
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
    const unread = this.#unread
    this.#unread = []
    for (const bytes of unread) this.datagram(bytes, turn, out)
  }

  /** This person has seen everything of the device up to this event. */
  show(seq: number, id: EventId, out: Output[]): void {
    if (seq < this.#pointers.shown) return
    this.#pointers.shown = seq + 1
    this.#shownId = id
    this.#isDirty = true
    this.#shownTold = 0
    this.#tellShown(out)
  }

  #tellShown(out: Output[]): void {
    const tip = this.#inbox.tip
    const id = tip?.seq === this.#pointers.shown - 1 ? tip.id : this.#shownId
    if (!this.#isUp || id === undefined || this.#pointers.shown === 0 || this.#shownTold >= READ_TIMES) return
    this.#answer(
      { kind: 'read', stream: undefined, seq: this.#pointers.shown - 1, prefix: prefixOf(id) },
      out,
    )
    this.#arm('read', READ_AGAIN_FIRST_MS * 2 ** this.#shownTold, out)
    this.#shownTold += 1
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
    if (!this.#isDirty) return
    this.#isDirty = false
    const { stream, device } = this.#parts
    this.#keptSent = this.#pointers.sent
    const received = Math.max(this.#keptReceived, this.#inbox.tip?.seq ?? 0)
    this.#keptReceived = received
    const value = encodePointers({ ...this.#pointers, stream, received })
    out.push({ kind: 'keep', key: pointersKey(device), value })
  }
}
