/**
 * One connection over the link model: a `Sending` with an application that writes, timers as good as Node's, and
 * a receiver with SACK, D-SACK, delayed ACKs and timestamps as the standards have them.
 */
import type { CongestionControl } from '../../../../../../src/plugins/transport-ntm/net/tcp/congestion.ts'
import { SEND_START_BYTES } from '../../../../../../src/plugins/transport-ntm/net/tcp/limits.ts'
import { Sending } from '../../../../../../src/plugins/transport-ntm/net/tcp/sending.ts'
import type { Link } from './link.ts'

const DELAYED_ACK_MS = 40
const SACK_BLOCKS = 3

export interface FlowOptions {
  readonly congestion: CongestionControl
  readonly mssBytes?: number
  /** What the application writes in all; it writes as soon as it may. */
  readonly totalBytes?: number
  readonly windowBytes?: number
  /** What may be written and not acknowledged, in congestion windows; as much as there is unless told. */
  readonly bufferWindows?: number
  readonly startMs?: number
  readonly hasTimestamps?: boolean
}

class Receiver {
  next = 1
  windowBytes: number
  lastAckOffset = 1
  echoMs = 0
  #unacked = 0
  #ackTimer = 0
  /** Out of order, sorted, and which were touched last. */
  readonly #ranges: { from: number; to: number; touched: number }[] = []
  #touch = 0
  readonly #flow: Flow

  constructor(flow: Flow, windowBytes: number) {
    this.#flow = flow
    this.windowBytes = windowBytes
  }

  take(from: number, to: number, sentAtMs: number): void {
    const duplicate = this.#isHeld(from, to)
    const inOrder = from <= this.next
    if (from <= this.lastAckOffset) this.echoMs = sentAtMs
    if (to - this.next > this.windowBytes) {
      this.acknowledge([])
      return
    }
    if (!duplicate) this.#keep(from, to)
    const hadGap = this.#ranges.length > 0
    this.#advance()
    if (duplicate) this.acknowledge([from, to])
    else if (!inOrder || hadGap || ++this.#unacked >= 2) this.acknowledge([])
    else this.#acknowledgeLater()
  }

  acknowledge(duplicate: readonly number[]): void {
    this.#unacked = 0
    this.#ackTimer++
    this.lastAckOffset = this.next
    const recent = [...this.#ranges].sort((a, b) => b.touched - a.touched).slice(0, SACK_BLOCKS)
    const sacks = [...duplicate, ...recent.flatMap(({ from, to }) => [from, to])]
    this.#flow.answer(this.next, sacks, this.next + this.windowBytes, this.echoMs)
  }

  /** Throws away what came out of order, as it may (RFC 2018 §8). */
  renege(): void {
    this.#ranges.length = 0
  }

  #acknowledgeLater(): void {
    const timer = ++this.#ackTimer
    const { time } = this.#flow.link
    time.at(time.nowMs + DELAYED_ACK_MS, () => {
      if (timer === this.#ackTimer) this.acknowledge([])
    })
  }

  #isHeld(from: number, to: number): boolean {
    return to <= this.next || this.#ranges.some(range => range.from <= from && to <= range.to)
  }

  #keep(from: number, to: number): void {
    const touched = ++this.#touch
    let at = this.#ranges.length
    while (at > 0 && this.#ranges[at - 1]!.from > from) at--
    const before = this.#ranges[at - 1]
    if (before !== undefined && before.to >= from) {
      before.to = Math.max(before.to, to)
      before.touched = touched
      at--
    } else this.#ranges.splice(at, 0, { from, to, touched })
    const here = this.#ranges[at]!
    while (this.#ranges[at + 1] !== undefined && this.#ranges[at + 1]!.from <= here.to) {
      here.to = Math.max(here.to, this.#ranges[at + 1]!.to)
      this.#ranges.splice(at + 1, 1)
    }
  }

  #advance(): void {
    const first = this.#ranges[0]
    if (first === undefined || first.from > this.next) return
    this.next = Math.max(this.next, first.to)
    this.#ranges.shift()
  }
}

export class Flow {
  link: Link
  readonly sending: Sending
  readonly receiver: Receiver
  readonly #options: FlowOptions
  #timer = 0
  #timerAtMs = Number.POSITIVE_INFINITY
  doneAtMs: number | undefined
  /** Longest time without anything new at the receiver, from the first byte on. */
  longestStallMs = 0
  #advancedAtMs = 0
  #mark = { atMs: 0, offset: 1 }
  #offered = 0
  #asleepUntilMs = 0

  constructor(link: Link, options: FlowOptions) {
    this.link = link
    this.#options = options
    const startMs = options.startMs ?? 0
    const windowBytes = options.windowBytes ?? 2 ** 24
    this.sending = new Sending({
      congestion: options.congestion,
      mssBytes: options.mssBytes ?? 1_140,
      nowMs: startMs,
      startOffset: 1,
      windowEndOffset: 1 + windowBytes,
    })
    this.receiver = new Receiver(this, windowBytes)
    this.#offered = options.totalBytes ?? Number.MAX_SAFE_INTEGER
    this.#advancedAtMs = startMs
    link.time.at(startMs, () => this.write(this.#offered))
  }

  /** The application has so much in all to send by now. */
  write(totalBytes: number): void {
    this.#offered = totalBytes
    this.#fill()
    this.pump()
  }

  /** What is under way arrives over the old path, if that is alive. */
  turn(link: Link): void {
    this.link = link
    this.sending.turned(link.time.nowMs)
    this.pump()
  }

  pump(): void {
    const { time } = this.link
    const { sending } = this
    while (sending.next(time.nowMs)) {
      const { from, to } = sending
      const sentAtMs = time.nowMs
      sending.sent(from, to, sentAtMs)
      this.link.send(to - from, () => this.#arrive(from, to, sentAtMs))
    }
    this.#setTimer()
  }

  answer(ackOffset: number, sacks: readonly number[], windowEndOffset: number, echoMs: number): void {
    this.link.sendBack(() => this.#awake(() => this.#answered(ackOffset, sacks, windowEndOffset, echoMs)))
  }

  /** The sender's process gets no processor for so long: what comes meanwhile waits, and so do its timers. */
  sleep(forMs: number): void {
    this.#asleepUntilMs = this.link.time.nowMs + forMs
  }

  #awake(act: () => void): void {
    const { time } = this.link
    if (time.nowMs >= this.#asleepUntilMs) act()
    else time.at(this.#asleepUntilMs, act)
  }

  #answered(ackOffset: number, sacks: readonly number[], windowEndOffset: number, echoMs: number): void {
    const { nowMs } = this.link.time
    const echoed = this.#options.hasTimestamps === false ? undefined : nowMs - Math.floor(echoMs)
    this.sending.acked(ackOffset, sacks, windowEndOffset, echoed, nowMs)
    if (this.sending.ackedOffset > this.#offered) this.doneAtMs ??= nowMs
    this.#fill()
    this.pump()
  }

  /** From here on `rate` and stalls count. */
  mark(): void {
    this.longestStallMs = 0

    this.#mark = { atMs: this.link.time.nowMs, offset: this.receiver.next }
  }

  /** Payload bytes per ms that arrived in order since the mark. */
  get rate(): number {
    return (this.receiver.next - this.#mark.offset) / (this.link.time.nowMs - this.#mark.atMs)
  }

  get megabitsPerSecond(): number {
    return this.rate / 125
  }

  #fill(): void {
    const { congestion, bufferWindows = Number.POSITIVE_INFINITY } = this.#options
    const room = this.sending.ackedOffset + Math.max(SEND_START_BYTES, bufferWindows * congestion.cwndBytes)
    this.sending.offer(Math.min(1 + this.#offered, room))
  }

  #arrive(from: number, to: number, sentAtMs: number): void {
    const before = this.receiver.next
    this.receiver.take(from, to, sentAtMs)
    if (this.receiver.next === before) return
    const { nowMs } = this.link.time
    this.longestStallMs = Math.max(this.longestStallMs, nowMs - this.#advancedAtMs)
    this.#advancedAtMs = nowMs
  }

  /** As Node's: whole milliseconds from now, at least one. */
  #setTimer(): void {
    const { time } = this.link
    const dueMs = this.sending.wakeAt()
    if (dueMs === undefined) {
      this.#timer++
      this.#timerAtMs = Number.POSITIVE_INFINITY
      return
    }
    const atMs = time.nowMs + Math.max(1, Math.ceil(dueMs - time.nowMs))
    if (this.#timerAtMs <= atMs && this.#timerAtMs >= dueMs) return
    const timer = ++this.#timer
    this.#timerAtMs = atMs
    time.at(atMs, () => this.#awake(() => this.#timerRan(timer)))
  }

  #timerRan(timer: number): void {
    if (timer !== this.#timer) return
    this.#timerAtMs = Number.POSITIVE_INFINITY
    this.sending.wake(this.link.time.nowMs)
    this.pump()
  }
}
