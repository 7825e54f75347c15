/**
 * TCP of one device, sans-IO: finds the connection of each arriving segment, opens new ones both ways, and wakes
 * those whose time has come. Packets go in by `receive`; what they cause happens at `flush`, for which a microtask
 * is asked if the owner does not call it at the end of a batch.
 */
import { ok, type Result, refuse } from '../../../../events/result.ts'
import { TokenBucket } from '../../../../kernel/api/token-bucket.ts'
import { WakeHeap } from '../../wake-heap.ts'
import { sameAddress, type VirtualAddress } from '../address.ts'
import type { IpPacket } from '../packet.ts'
import { isPort } from '../ports.ts'
import { newBbr } from './bbr.ts'
import type { CongestionControl, CongestionOptions } from './congestion.ts'
import { Connection, type ConnectionUser, type Home } from './connection.ts'
import { ConnectionCounts } from './connection-counts.ts'
import { type ConnectionFacts, factsOf, formatConnection } from './facts.ts'
import { type Flow, FlowTable } from './flow.ts'
import { InitialNumbers } from './initial-numbers.ts'
import {
  CONNECTIONS_MAX,
  CONNECTIONS_PER_PEER,
  OWN_PORT_FIRST,
  OWN_PORT_LAST,
  RESETS_BURST,
  RESETS_PER_SECOND,
} from './limits.ts'
import { type Accept, Listeners } from './listeners.ts'
import { readU32 } from './options.ts'
import { Orphans } from './orphans.ts'
import { type Emit, Outlet } from './outlet.ts'
import { ReceiveBudget } from './receive-window.ts'
import { FLAG, parseTcp, Segment, type TcpRefusal } from './segment.ts'
import { TimeWaits } from './time-wait.ts'

const SECRET_BYTES = 32

export interface TcpOptions {
  /** Takes a whole inner packet for the device that holds `to`. Both are valid during the call only. */
  readonly emit: Emit
  /** Monotonic milliseconds. */
  readonly now: () => number
  /** So many random bytes. */
  readonly random: (count: number) => Uint8Array
  /** The own address of the version that `to` is of. */
  readonly ownAddress: (to: VirtualAddress) => VirtualAddress | undefined
  /** Largest inner packet towards an address, bytes. */
  readonly mtuTo: (to: VirtualAddress) => number
  /** Largest inner packet that may ever come: what the MSS of a SYN allows for. Else it is as `mtuTo` says. */
  readonly mtuMax?: number
  /** `nextWakeAt` has come nearer. */
  readonly onWakeAt?: () => void
  /** What came will be followed by `flush`, or may be settled when the caller is done: runs it then, or leaves it. */
  readonly later?: (flush: () => void) => void
  /** Nothing that was sent to this address was acknowledged in time. */
  readonly onSilence?: (to: VirtualAddress) => void
  /** Idle time after which a peer is asked whether it is still there; undefined: never. */
  readonly keepaliveMs?: number
  readonly congestion?: (options: CongestionOptions) => CongestionControl
}

/** Why an arriving segment went no further. */
export type TcpDropped = TcpRefusal | 'tcp-stray'

/** Why no connection can be tried. */
export type OpenRefusal = 'no-own-address' | 'bad-port' | 'too-many' | 'closed'

export class Tcp implements Home {
  readonly outlet: Outlet
  readonly budget = new ReceiveBudget()
  readonly numbers: InitialNumbers
  readonly #options: TcpOptions
  readonly #segment = new Segment()
  readonly #connections = new FlowTable<Connection>()
  readonly #ofPeers = new ConnectionCounts()
  readonly #sending = new ConnectionCounts()
  readonly #orphans = new Orphans()
  readonly #listeners: Listeners
  readonly #timeWaits: TimeWaits
  readonly #heap = new WakeHeap<Connection>()
  readonly #resets = new TokenBucket(RESETS_PER_SECOND, RESETS_BURST)
  /** In the order in which they want to be settled. */
  #touched: Connection[] = []
  #isFlushing = false
  #isClosed = false
  readonly #flush = (): void => this.flush()
  readonly #later: (flush: () => void) => void

  constructor(options: TcpOptions) {
    this.#options = options
    this.#later = options.later ?? queueMicrotask
    this.outlet = new Outlet(options.emit)
    this.numbers = new InitialNumbers(options.random(SECRET_BYTES).slice())
    this.#listeners = new Listeners(this)
    this.#timeWaits = new TimeWaits(this.outlet)
  }

  /** Begins to connect; `user` hears how it goes. */
  open(to: VirtualAddress, port: number, user: ConnectionUser): Result<Connection, OpenRefusal> {
    if (this.#isClosed) return refuse('closed')
    if (!isPort(port)) return refuse('bad-port')
    const own = this.#options.ownAddress(to)
    if (own === undefined) return refuse('no-own-address')
    const flow = this.#freeFlow(own, to, port)
    if (flow === undefined || this.#connections.size >= CONNECTIONS_MAX) return refuse('too-many')
    const connection = this.#add(flow, this.numbers.sequence(flow, this.now()), 0, false)
    connection.user = user
    return ok(connection)
  }

  /** One listener a port. Returns how to stop; accepted connections go on. */
  listen(port: number, accept: Accept): () => void {
    return this.#listeners.listen(port, accept)
  }

  /** One packet whose protocol is TCP and whose destination is this device. */
  receive(ip: IpPacket): TcpDropped | undefined {
    const parsed = parseTcp(ip, this.#segment)
    if (!parsed.ok) return parsed.why
    const segment = parsed.value
    const { source, destination } = ip
    const { sourcePort, destinationPort } = segment
    const connection = this.#connections.find(destination, destinationPort, source, sourcePort)
    if (connection === undefined) return this.#takeStray(segment, ip)
    connection.receive(segment, this.now())
    return undefined
  }

  /** The end of a batch: users hear what came, and everything that is due leaves. */
  flush(): void {
    if (this.#isFlushing) return
    this.#isFlushing = true
    const formerAtMs = this.#timerAt
    let settled = 0
    try {
      // The list grows while users react.
      while (settled < this.#touched.length) this.#settle(this.#touched[settled++]!)
    } finally {
      // A user that throws harms nobody else.
      this.#touched.splice(0, settled)
      this.#isFlushing = false
      if (this.#touched.length > 0) this.#later(this.#flush)
    }
    if (this.#timerAt < formerAtMs) this.#options.onWakeAt?.()
  }

  /** When `wake` is due next; undefined: not before something happens. */
  nextWakeAt(): number | undefined {
    if (this.#touched.length > 0) return this.now()
    return this.#timerAt === Number.POSITIVE_INFINITY ? undefined : this.#timerAt
  }

  /** Runs the timers that are due, and flushes. */
  wake(): void {
    const nowMs = this.now()
    for (
      let first = this.#heap.first;
      first !== undefined && first.wakeAt <= nowMs;
      first = this.#heap.first
    ) {
      this.#heap.remove(first)
      first.wake(nowMs)
      if (first.outgoing.sending.backoffs > 0) this.#options.onSilence?.(first.remote)
    }
    this.#timeWaits.wake(nowMs)
    this.flush()
  }

  /** `mtuTo` has another answer for this address. */
  pathMtuChanged(to: VirtualAddress): void {
    const mtu = this.#options.mtuTo(to)
    for (const connection of this.#connections) if (sameAddress(connection.remote, to)) connection.setMtu(mtu)
  }

  /** Packets to this address take another path now: what was learned of the old one does not hold. */
  pathTurned(to: VirtualAddress): void {
    const nowMs = this.now()
    for (const connection of this.#connections)
      if (sameAddress(connection.remote, to)) connection.turned(nowMs)
  }

  /** Each connection as it is now. */
  facts(): readonly ConnectionFacts[] {
    const nowMs = this.now()
    return [...this.#connections].map(connection => factsOf(connection, nowMs))
  }

  /** The same for people, a line each. */
  describe(): readonly string[] {
    return this.facts().map(formatConnection)
  }

  /** How many there are, and what was done for those that came to nothing. */
  counters(): Readonly<Record<string, number>> {
    return {
      connections: this.#connections.size,
      orphans: this.#orphans.size,
      timeWaits: this.#timeWaits.size,
      segmentsOut: this.outlet.segments,
      cookiesSent: this.#listeners.cookiesSent,
      cookiesTaken: this.#listeners.cookiesTaken,
      resets: this.outlet.resets,
    }
  }

  /**
   * Breaks off all that goes on with this address. Who is there hears nothing, as of somebody who is away, as long as
   * nothing of theirs comes in any more: what is in TIME-WAIT stays there, and would still answer.
   */
  forget(address: VirtualAddress): void {
    for (const connection of [...this.#connections])
      if (sameAddress(connection.remote, address)) connection.breakOff(false)
  }

  /** Breaks every connection off, and tells both ends; there are none any more. */
  close(): void {
    this.#isClosed = true
    for (const connection of [...this.#connections]) connection.breakOff()
    this.flush()
  }

  now(): number {
    return this.#options.now()
  }

  touched(connection: Connection): void {
    if (connection.isTouched) return
    connection.isTouched = true
    this.#touched.push(connection)
    if (this.#touched.length === 1 && !this.#isFlushing) this.#later(this.#flush)
  }

  accepted(connection: Connection): void {
    this.#listeners.accepted(connection)
  }

  forsaken(connection: Connection): void {
    this.#orphans.add(connection)
  }

  refuse(segment: Segment, flow: Flow): void {
    if (this.#resets.take(this.now())) this.outlet.reset(segment, flow.own, flow.remote)
  }

  sends({ remote }: Connection, isSending: boolean): void {
    if (isSending) this.#sending.came(remote)
    else this.#sending.left(remote)
  }

  sendersTo(remote: VirtualAddress): number {
    return this.#sending.countOf(remote)
  }

  ended(connection: Connection): void {
    if (!this.#connections.remove(connection)) return
    this.#heap.remove(connection)
    this.#orphans.remove(connection)
    this.#ofPeers.left(connection.remote)
    this.#listeners.ended(connection)
    if (connection.state === 'time-wait') this.#timeWaits.add(connection, this.now())
  }

  mayHold({ remote }: Flow): boolean {
    if (this.#isClosed) return false
    return this.#connections.size < CONNECTIONS_MAX && this.#ofPeers.countOf(remote) < CONNECTIONS_PER_PEER
  }

  mtuTo({ remote }: Flow): number {
    return this.#options.mtuTo(remote)
  }

  mtuMaxOf(flow: Flow): number {
    return Math.max(this.#options.mtuMax ?? 0, this.mtuTo(flow))
  }

  create(flow: Flow, initial: number, startOffset: 0 | 1): Connection {
    return this.#add(flow, initial, startOffset, true)
  }

  get #timerAt(): number {
    const wakeAtMs = this.#heap.first?.wakeAt ?? Number.POSITIVE_INFINITY
    return Math.min(wakeAtMs, this.#timeWaits.nextAt ?? Number.POSITIVE_INFINITY)
  }

  #settle(connection: Connection): void {
    connection.isTouched = false
    connection.settle(this.now())
    this.#heap.set(connection, connection.nextWakeAt())
  }

  #add(flow: Flow, initial: number, startOffset: 0 | 1, isPassive: boolean): Connection {
    const { keepaliveMs, congestion, random } = this.#options
    const origin = {
      ...{ flow, initial, startOffset, isPassive, keepaliveMs },
      timestampBegin: this.numbers.timestamp(flow),
      mtu: this.mtuTo(flow),
      mtuMax: this.mtuMaxOf(flow),
      nowMs: this.now(),
      congestion: congestion ?? newBbr,
      random: () => readU32(random(4), 0) / 2 ** 32,
    }
    const connection = new Connection(origin, this)
    this.#connections.add(connection)
    this.#ofPeers.came(flow.remote)
    this.touched(connection)
    return connection
  }

  #takeStray(segment: Segment, { destination, source }: IpPacket): TcpDropped | undefined {
    const nowMs = this.now()
    if (this.#timeWaits.receive(segment, destination, source, nowMs) === 'taken') return undefined
    const { destinationPort, sourcePort } = segment
    const flow = { own: destination, ownPort: destinationPort, remote: source, remotePort: sourcePort }
    if (this.#listeners.take(segment, flow, nowMs)) return undefined
    if (!segment.has(FLAG.rst)) this.refuse(segment, flow)
    return 'tcp-stray'
  }

  /** A flow from a port that is free towards that place (RFC 6056 §3.3.1). */
  #freeFlow(own: VirtualAddress, remote: VirtualAddress, remotePort: number): Flow | undefined {
    const ports = OWN_PORT_LAST - OWN_PORT_FIRST + 1
    const first = readU32(this.#options.random(4), 0)
    for (let turn = 0; turn < ports; turn++) {
      const ownPort = OWN_PORT_FIRST + ((first + turn) % ports)
      if (this.#connections.find(own, ownPort, remote, remotePort) !== undefined) continue
      if (!this.#timeWaits.has(own, ownPort, remote, remotePort)) return { own, ownPort, remote, remotePort }
    }
    return undefined
  }
}

/** TCP with no connection and no listener. */
export const createTcp = (options: TcpOptions): Tcp => new Tcp(options)
