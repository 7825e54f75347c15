/**
 * Connections that are over but whose last acknowledgement may be lost (TIME-WAIT, RFC 9293 §3.6.1). Of each only
 * what answers the peer's FIN once more is kept, for a short time, and of not too many.
 */
import type { VirtualAddress } from '../address.ts'
import type { Connection } from './connection.ts'
import { type Flow, FlowTable } from './flow.ts'
import { CHALLENGE_GAP_MS, TIME_WAIT_MS, TIME_WAITS_MAX } from './limits.ts'
import type { Outlet } from './outlet.ts'
import { FLAG, type Segment } from './segment.ts'
import { isBefore, wireOf } from './sequence.ts'
import type { Timestamps } from './timestamps.ts'

interface Remains extends Flow {
  readonly seq: number
  readonly ack: number
  readonly timestamps: Timestamps
  untilMs: number
  challengedMs: number
}

/** What became of a segment: it was dealt with, it belongs to nothing here, or it opens a new connection. */
type Fate = 'taken' | 'foreign' | 'anew'

export class TimeWaits {
  readonly #table = new FlowTable<Remains>()
  /** In the order in which they end. */
  readonly #queue = new Set<Remains>()
  readonly #outlet: Outlet

  constructor(outlet: Outlet) {
    this.#outlet = outlet
  }

  get size(): number {
    return this.#queue.size
  }

  get nextAt(): number | undefined {
    for (const remains of this.#queue) return remains.untilMs
    return undefined
  }

  add({ own, ownPort, remote, remotePort, incoming, outgoing, timestamps }: Connection, nowMs: number): void {
    const remains = {
      ...{ own, ownPort, remote, remotePort, timestamps },
      seq: wireOf(outgoing.initial, outgoing.end),
      ack: wireOf(incoming.initial, incoming.next),
      untilMs: nowMs + TIME_WAIT_MS,
      challengedMs: Number.NEGATIVE_INFINITY,
    }
    this.#table.add(remains)
    this.#queue.add(remains)
    const [oldest] = this.#queue.size > TIME_WAITS_MAX ? this.#queue : []
    if (oldest !== undefined) this.#forget(oldest)
  }

  has(own: VirtualAddress, ownPort: number, remote: VirtualAddress, remotePort: number): boolean {
    return this.#table.find(own, ownPort, remote, remotePort) !== undefined
  }

  wake(nowMs: number): void {
    for (const remains of this.#queue) {
      if (remains.untilMs > nowMs) return
      this.#forget(remains)
    }
  }

  /** RFC 9293 §3.10.7.4 for this state; resets are not heard (RFC 1337). */
  receive(segment: Segment, own: VirtualAddress, remote: VirtualAddress, nowMs: number): Fate {
    const remains = this.#table.find(own, segment.destinationPort, remote, segment.sourcePort)
    if (remains === undefined) return 'foreign'
    if (segment.has(FLAG.syn) && !segment.has(FLAG.ack) && this.#isNewer(segment, remains, nowMs)) {
      this.#forget(remains)
      return 'anew'
    }
    if (segment.has(FLAG.rst) || segment.length === 0) return 'taken'
    if (segment.has(FLAG.fin) && (segment.seq + segment.length) >>> 0 === remains.ack) {
      remains.untilMs = nowMs + TIME_WAIT_MS
      this.#queue.delete(remains)
      this.#queue.add(remains)
      this.#acknowledge(remains, nowMs)
    } else if (nowMs - remains.challengedMs >= CHALLENGE_GAP_MS) {
      remains.challengedMs = nowMs
      this.#acknowledge(remains, nowMs)
    }
    return 'taken'
  }

  /** Whether a SYN cannot be one of the connection that is over (RFC 6191 §2). */
  #isNewer({ seq, options }: Segment, { ack, timestamps }: Remains, nowMs: number): boolean {
    const areStamped = timestamps.isOn && options.hasTimestamps
    if (areStamped && timestamps.isOld(options, nowMs)) return false
    return isBefore(ack, seq) || (areStamped && timestamps.isNew(options))
  }

  #acknowledge(remains: Remains, nowMs: number): void {
    const { segment } = this.#outlet
    segment.set(remains.ownPort, remains.remotePort, remains.seq, remains.ack, FLAG.ack)
    if (remains.timestamps.isOn) remains.timestamps.fill(segment.options, nowMs, true)
    this.#outlet.send(remains.own, remains.remote, 0)
  }

  #forget(remains: Remains): void {
    this.#table.remove(remains)
    this.#queue.delete(remains)
  }
}
