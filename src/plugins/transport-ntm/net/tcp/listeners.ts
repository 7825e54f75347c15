/**
 * Who listens on which port, and how a connection comes to them (RFC 9293 §3.10.7.2). Half-open connections are few;
 * beyond them SYNs are answered with cookies, which cost nothing, and what comes back with one opens at once.
 */
import { ChatError } from '../../../../kernel/api/errors.ts'
import { isPort } from '../ports.ts'
import { agreementWith, fillSynOptions, mssFor } from './agreement.ts'
import type { Connection, ConnectionUser } from './connection.ts'
import type { Flow } from './flow.ts'
import type { InitialNumbers } from './initial-numbers.ts'
import { BACKLOG, RECEIVE_START_BYTES } from './limits.ts'
import type { Outlet } from './outlet.ts'
import { FLAG, type Segment } from './segment.ts'
import { SynCookies } from './syn-cookies.ts'
import { Timestamps } from './timestamps.ts'

/** Gives a connection that has come about its user; undefined: it is not wanted after all. */
export type Accept = (connection: Connection) => ConnectionUser | undefined

interface Listener {
  readonly accept: Accept
  readonly halfOpen: Set<Connection>
}

/** What the listeners ask of whoever holds the connections. */
interface Nursery {
  readonly outlet: Outlet
  readonly numbers: InitialNumbers
  mayHold(flow: Flow): boolean
  mtuMaxOf(flow: Flow): number
  create(flow: Flow, initial: number, startOffset: 0 | 1): Connection
}

export class Listeners {
  readonly #listeners = new Map<number, Listener>()
  readonly #nursery: Nursery
  readonly #cookies: SynCookies
  cookiesSent = 0
  cookiesTaken = 0

  constructor(nursery: Nursery) {
    this.#nursery = nursery
    this.#cookies = new SynCookies(nursery.numbers)
  }

  listen(port: number, accept: Accept): () => void {
    if (!isPort(port)) throw new ChatError('BUG', `virtual port ${port} does not exist`)
    if (this.#listeners.has(port))
      throw new ChatError('BUG', `virtual TCP port ${port} has a listener already`)
    const listener: Listener = { accept, halfOpen: new Set() }
    this.#listeners.set(port, listener)
    return () => {
      if (this.#listeners.get(port) !== listener) return
      this.#listeners.delete(port)
      for (const connection of listener.halfOpen) connection.abort()
    }
  }

  /** A segment of no connection. False: nobody listens, or it cannot begin one. */
  take(segment: Segment, flow: Flow, nowMs: number): boolean {
    const listener = this.#listeners.get(flow.ownPort)
    if (listener === undefined || segment.has(FLAG.rst)) return false
    if (segment.has(FLAG.ack))
      return !segment.has(FLAG.syn) && this.#takeCookie(listener, segment, flow, nowMs)
    if (!this.#nursery.mayHold(flow)) return false
    if (listener.halfOpen.size < BACKLOG) this.#open(listener, segment, flow, nowMs)
    else this.#answerWithCookie(segment, flow, nowMs)
    return true
  }

  /** The handshake is over: its listener gives it a user. */
  accepted(connection: Connection): void {
    const listener = this.#listeners.get(connection.ownPort)
    listener?.halfOpen.delete(connection)
    const user = listener?.accept(connection)
    if (user === undefined) connection.abort()
    else connection.user = user
  }

  ended(connection: Connection): void {
    this.#listeners.get(connection.ownPort)?.halfOpen.delete(connection)
  }

  #open(listener: Listener, syn: Segment, flow: Flow, nowMs: number): void {
    const { numbers } = this.#nursery
    const connection = this.#nursery.create(flow, numbers.sequence(flow, nowMs), 0)
    listener.halfOpen.add(connection)
    connection.agree(agreementWith(syn.options, flow.remote), syn.seq)
    if (syn.options.hasTimestamps) connection.timestamps.start(syn.options, nowMs)
  }

  #answerWithCookie(syn: Segment, flow: Flow, nowMs: number): void {
    const { outlet, numbers } = this.#nursery
    const agreed = agreementWith(syn.options, flow.remote)
    // Without timestamps there is no place for these two, and nothing else is lost.
    const kept = agreed.usesTimestamps ? agreed : { ...agreed, usesSack: false, peerWindowScale: -1 }
    const cookie = this.#cookies.sequence(flow, syn.seq, kept, nowMs)
    const { segment } = outlet
    segment.set(flow.ownPort, flow.remotePort, cookie, (syn.seq + 1) >>> 0, FLAG.syn | FLAG.ack)
    segment.window = RECEIVE_START_BYTES - 1
    const mss = mssFor(this.#nursery.mtuMaxOf(flow), flow.remote)
    const { timestamp } = syn.options
    fillSynOptions(segment.options, mss, kept)
    if (kept.usesTimestamps) {
      const clock = new Timestamps(numbers.timestamp(flow)).value(nowMs)
      segment.options.hasTimestamps = true
      segment.options.timestamp = this.#cookies.timestamp(clock, kept)
      segment.options.timestampEcho = timestamp
    }
    outlet.send(flow.own, flow.remote, 0)
    this.cookiesSent++
  }

  #takeCookie(listener: Listener, ack: Segment, flow: Flow, nowMs: number): boolean {
    const agreed = this.#cookies.open(flow, ack, nowMs)
    if (agreed === undefined || !this.#nursery.mayHold(flow)) return false
    this.cookiesTaken++
    const connection = this.#nursery.create(flow, (ack.ack - 1) >>> 0, 1)
    listener.halfOpen.add(connection)
    connection.agree(agreed, (ack.seq - 1) >>> 0)
    if (agreed.usesTimestamps) connection.timestamps.start(ack.options, nowMs)
    connection.receive(ack, nowMs)
    return true
  }
}
