/**
 * One TCP connection, sans-IO: its states (RFC 9293 §3.3.2), what its user may do, and when segments leave. What
 * arriving segments do is told in `Arrival`. They change the state as they arrive, and what they call for leaves at
 * `settle`, once for a whole batch, but for reports of gaps that one acknowledgement cannot hold.
 */
import type { VirtualAddress } from '../address.ts'
import { type Agreement, payloadMax } from './agreement.ts'
import { Arrival } from './arrival.ts'
import type { CongestionControl, CongestionOptions } from './congestion.ts'
import { Deadlines } from './deadlines.ts'
import { Departure } from './departure.ts'
import type { Flow } from './flow.ts'
import { Incoming } from './incoming.ts'
import { WINDOW_SCALE } from './limits.ts'
import { Outgoing } from './outgoing.ts'
import type { Outlet } from './outlet.ts'
import { type ReceiveBudget, ReceiveWindow } from './receive-window.ts'
import type { Segment } from './segment.ts'
import { Sending } from './sending.ts'
import { Timestamps } from './timestamps.ts'

export type TcpState =
  | 'syn-sent'
  | 'syn-received'
  | 'established'
  | 'fin-wait-1'
  | 'fin-wait-2'
  | 'close-wait'
  | 'closing'
  | 'last-ack'
  | 'time-wait'
  | 'closed'

/** Why a connection ended before both sides had said everything. */
export type Broken = 'refused' | 'unanswered' | 'reset' | 'silent' | 'aborted'

/** Whoever uses a connection. Called at `settle` only, never while a segment is being read. */
export interface ConnectionUser {
  onEstablished(): void
  /** `read` has something to give, or everything has been read. */
  onReadable(): void
  /** `roomBytes` has become larger, or the FIN is acknowledged. */
  onRoom(): void
  /** It is over: broken, or both sides have said everything and all of it has arrived. */
  onOver(why: Broken | undefined): void
}

/** Where a connection lives. */
export interface Home {
  readonly outlet: Outlet
  readonly budget: ReceiveBudget
  /** It wants to be settled. */
  touched(connection: Connection): void
  /** Whoever listens gives a passive one, which is complete now, its user. */
  accepted(connection: Connection): void
  /** Nobody holds it any more. */
  forsaken(connection: Connection): void
  /** A segment that no honest peer would send is answered with a reset, if not too many are. */
  refuse(segment: Segment, connection: Connection): void
  /** It has something under way that is not acknowledged, or not any more. */
  sends(connection: Connection, isSending: boolean): void
  /** How many of those to this peer have. */
  sendersTo(remote: VirtualAddress): number
  /** It takes part in nothing any more. */
  ended(connection: Connection): void
}

export interface Origin {
  readonly flow: Flow
  readonly isPassive: boolean
  readonly initial: number
  readonly timestampBegin: number
  readonly mtu: number
  /** What the SYN names. */
  readonly mtuMax: number
  readonly nowMs: number
  readonly keepaliveMs: number | undefined
  readonly congestion: (options: CongestionOptions) => CongestionControl
  /** From 0 up to 1. */
  readonly random: () => number
  /** 1: the own SYN is acknowledged already, because a cookie came back. */
  readonly startOffset: 0 | 1
}

export class Connection implements Flow {
  readonly own: VirtualAddress
  readonly ownPort: number
  readonly remote: VirtualAddress
  readonly remotePort: number
  readonly isPassive: boolean
  readonly incoming: Incoming
  readonly outgoing: Outgoing
  readonly timestamps: Timestamps
  readonly deadlines: Deadlines
  readonly congestion: CongestionControl
  state: TcpState
  user: ConnectionUser | undefined
  /** What both SYNs settled. */
  agreed: Agreement | undefined
  /** Nobody will read. */
  isForsaken = false
  /** The SYN has to be sent again, with what the peer's SYN changed. */
  isSynDue = false
  /** What the user hears at `settle`. */
  isReadable = false
  isWritable = false
  #isEstablished = false
  #isOver = false
  #isSending = false
  #broken: Broken | undefined
  readonly #home: Home
  readonly #departure: Departure
  readonly #arrival: Arrival
  /** Where the heap of wake-ups and the list of what wants settling have it. */
  heapIndex = -1
  wakeAt = 0
  isTouched = false
  segmentsIn = 0

  constructor(origin: Origin, home: Home) {
    const { flow, initial, mtu, nowMs, random, startOffset } = origin
    this.own = flow.own.slice()
    this.ownPort = flow.ownPort
    this.remote = flow.remote.slice()
    this.remotePort = flow.remotePort
    this.isPassive = origin.isPassive
    this.#home = home
    const mssBytes = payloadMax(mtu, flow.remote, undefined)
    this.timestamps = new Timestamps(origin.timestampBegin)
    this.deadlines = new Deadlines(nowMs, origin.keepaliveMs)
    const sharers = (): number => home.sendersTo(this.remote)
    this.congestion = origin.congestion({ mssBytes, nowMs, random, sharers })
    this.incoming = new Incoming(new ReceiveWindow(home.budget, mssBytes))
    const sending = new Sending({ congestion: this.congestion, mssBytes, nowMs, startOffset })
    this.outgoing = new Outgoing(initial, sending, this.congestion)
    this.#departure = new Departure(this, home.outlet, mtu, origin.mtuMax)
    this.#arrival = new Arrival(this, home)
    this.state = origin.isPassive ? 'syn-received' : 'syn-sent'
    sending.offer(1)
  }

  /** Bytes of the user, who looks at `outgoing.roomBytes` before. */
  write(bytes: Uint8Array, nowMs: number): void {
    if (this.outgoing.finOffset !== undefined) return
    this.#owe(nowMs)
    this.outgoing.queue.write(bytes)
    this.#offer()
  }

  /** A view of what comes next in the stream; undefined: nothing now. */
  read(nowMs: number): Buffer | undefined {
    const view = this.incoming.read(nowMs)
    if (view !== undefined && this.incoming.isWindowUpdateDue) this.#home.touched(this)
    return view
  }

  /** Nobody looks at this view any more, which `read` gave. */
  giveBack(view: Uint8Array): void {
    this.incoming.queue.giveBack(view)
  }

  /** The user has said everything. */
  finish(nowMs: number): void {
    if (this.outgoing.finOffset !== undefined) return
    this.#owe(nowMs)
    this.outgoing.finish()
    this.#closeHalf()
    this.#offer()
  }

  /** The user goes: what was written still arrives, and what still comes is refused. */
  forsake(nowMs: number): void {
    this.user = undefined
    if (this.#isGone) return
    this.isForsaken = true
    this.deadlines.forsaken(nowMs)
    this.finish(nowMs)
    this.#home.touched(this)
    this.#home.forsaken(this)
  }

  /** The user breaks it off (RFC 9293 §3.10.5). */
  abort(): void {
    this.user = undefined
    this.breakOff()
  }

  /** The same by somebody else: the user hears of it, and the peer only where `isTold`. */
  breakOff(isTold = true): void {
    if (this.#isGone) return
    if (isTold && this.state !== 'syn-sent') this.#departure.reset()
    this.break('aborted')
  }

  /** The path carries packets of this size now. */
  setMtu(mtu: number): void {
    this.#departure.mtu = mtu
    this.outgoing.sending.setMss(payloadMax(mtu, this.remote, this.agreed))
    this.#home.touched(this)
  }

  /** The path is another one. */
  turned(nowMs: number): void {
    this.outgoing.sending.turned(nowMs)
    this.#home.touched(this)
  }

  receive(segment: Segment, nowMs: number): void {
    this.segmentsIn++
    this.#home.touched(this)
    this.deadlines.heard(nowMs)
    this.#arrival.take(segment, nowMs)
    if (this.incoming.ack.isPressing) this.#departure.acknowledgement(nowMs)
  }

  /** The user hears what happened, and everything that is due leaves. */
  settle(nowMs: number): void {
    this.#tell()
    if (this.state === 'closed') return
    if (this.isSynDue) {
      this.isSynDue = false
      this.#departure.syn(this.agreed, nowMs)
    }
    this.#pump(nowMs)
    this.#noteSending(this.isOwed)
    if (this.isOpening) return
    if (this.incoming.ack.isDue || this.incoming.isWindowUpdateDue) this.#departure.acknowledgement(nowMs)
  }

  /** When `wake` is due next. */
  nextWakeAt(): number | undefined {
    if (this.state === 'closed' || this.state === 'time-wait') return undefined
    const sendingAt = this.outgoing.sending.wakeAt() ?? Number.POSITIVE_INFINITY
    const ackAt = this.incoming.ack.deadlineMs ?? Number.POSITIVE_INFINITY
    const deadlineAt = this.deadlines.nextAt(this) ?? Number.POSITIVE_INFINITY
    const at = Math.min(sendingAt, ackAt, deadlineAt)
    return at === Number.POSITIVE_INFINITY ? undefined : at
  }

  wake(nowMs: number): void {
    this.#home.touched(this)
    const expiry = this.deadlines.expired(this, nowMs)
    if (expiry === 'give-up') this.#giveUp()
    else if (expiry === 'forget') this.abort()
    else if (expiry === 'probe') {
      this.#departure.keepalive(nowMs)
      this.deadlines.probed(nowMs)
    }
    if (this.state === 'closed') return
    this.outgoing.sending.wake(nowMs)
    this.incoming.ack.wake(nowMs)
  }

  get isOpening(): boolean {
    return this.state === 'syn-sent' || this.state === 'syn-received'
  }

  /** Something is written, or the FIN, that is not yet acknowledged. */
  get isOwed(): boolean {
    return !this.outgoing.isAllAcked
  }

  /** What the peer's SYN, or a cookie that kept it, settles. */
  agree(agreed: Agreement, peerInitial: number): void {
    this.agreed = agreed
    this.incoming.initial = peerInitial
    this.incoming.isSackPermitted = agreed.usesSack
    this.outgoing.usesSack = agreed.usesSack
    if (agreed.peerWindowScale >= 0) {
      this.outgoing.windowScale = agreed.peerWindowScale
      this.incoming.window.scale = WINDOW_SCALE
    }
    this.outgoing.sending.setMss(payloadMax(this.#departure.mtu, this.remote, agreed))
  }

  /** Both SYNs are acknowledged. */
  establish(nowMs: number): void {
    this.state = 'established'
    this.#isEstablished = true
    this.deadlines.progressed(nowMs)
    if (this.outgoing.finOffset !== undefined) this.#closeHalf()
    this.#offer()
  }

  /** What was acknowledged last, as the echo of timestamps needs it. */
  get ackSentOffset(): number {
    return this.#departure.ackedOffset
  }

  break(why: Broken): void {
    this.incoming.queue.clear()
    this.end('closed', why)
  }

  /** Nothing is left to do but to tell the user, who may still read what has arrived. */
  end(state: 'closed' | 'time-wait', why: Broken | undefined): void {
    this.state = state
    this.#isOver = true
    this.#broken = why
    this.outgoing.queue.clear()
    this.incoming.window.close()
    this.#noteSending(false)
    this.#home.ended(this)
    this.#home.touched(this)
  }

  get #isGone(): boolean {
    return this.state === 'closed' || this.state === 'time-wait'
  }

  #owe(nowMs: number): void {
    if (this.outgoing.isAllAcked) this.deadlines.progressed(nowMs)
  }

  #closeHalf(): void {
    if (this.state === 'established') this.state = 'fin-wait-1'
    else if (this.state === 'close-wait') this.state = 'last-ack'
  }

  #offer(): void {
    if (this.isOpening || this.state === 'closed') return
    this.outgoing.sending.offer(this.outgoing.end)
    this.#home.touched(this)
  }

  #pump(nowMs: number): void {
    if (this.state === 'time-wait') return
    const { sending } = this.outgoing
    while (sending.next(nowMs)) {
      const { from, to } = sending
      sending.sent(from, to, nowMs)
      if (from === 0) this.#departure.syn(this.agreed, nowMs)
      else this.#departure.range(from, to, nowMs)
    }
  }

  #noteSending(isSending: boolean): void {
    if (isSending === this.#isSending || (isSending && this.#isGone)) return
    this.#isSending = isSending
    this.#home.sends(this, isSending)
  }

  #tell(): void {
    if (this.#isEstablished) {
      this.#isEstablished = false
      if (this.isPassive) this.#home.accepted(this)
      this.user?.onEstablished()
    }
    if (this.isReadable) {
      this.isReadable = false
      this.user?.onReadable()
    }
    if (this.isWritable) {
      this.isWritable = false
      this.user?.onRoom()
    }
    if (!this.#isOver) return
    this.#isOver = false
    this.user?.onOver(this.#broken)
  }

  #giveUp(): void {
    if (!this.isOpening) this.#departure.reset()
    this.break(this.isOpening ? 'unanswered' : 'silent')
  }
}
