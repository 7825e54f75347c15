/**
 * A transport without a network: devices in one process, joined by a hub on a clock. For tests of what lies above
 * transports, and as the plainest thing that passes the transport contract.
 */
import { Duplex } from 'node:stream'
import { type Observable, Subject } from 'rxjs'
import type { DeviceId } from '../../events/ids.ts'
import { ChatError, type Clock, type Link, type PeerCard, type Transport } from '../api/index.ts'

const MAX_BYTES = 1152
const BUFFER_BYTES = 64 * 1024

type Receive = (from: DeviceId, bytes: Uint8Array) => void
type Accept = (from: DeviceId, stream: Duplex) => void

/** Where the transports of one test meet. */
export class MemoryHub {
  readonly clock: Clock
  readonly latencyMs: number
  readonly #members = new Map<DeviceId, MemoryTransport>()
  readonly #cut = new Set<string>()

  constructor(clock: Clock, latencyMs = 1) {
    this.clock = clock
    this.latencyMs = latencyMs
  }

  join(device: DeviceId): MemoryTransport {
    const transport = new MemoryTransport(this, device)
    this.#members.set(device, transport)
    return transport
  }

  /** The other end, if there is one and nothing lies between. */
  find(from: DeviceId, to: DeviceId): MemoryTransport | undefined {
    return this.#cut.has(pairOf(from, to)) ? undefined : this.#members.get(to)
  }

  /** Takes the path between two devices away, until it is mended. */
  cut(one: DeviceId, other: DeviceId): void {
    this.#cut.add(pairOf(one, other))
    this.#members.get(one)?.lose(other)
    this.#members.get(other)?.lose(one)
  }

  mend(one: DeviceId, other: DeviceId): void {
    this.#cut.delete(pairOf(one, other))
  }
}

const pairOf = (one: DeviceId, other: DeviceId): string => (one < other ? one + other : other + one)

export class MemoryTransport implements Transport {
  readonly id = 'memory'
  readonly datagram
  readonly stream
  readonly #hub: MemoryHub
  readonly #self: DeviceId
  readonly #up = new Set<DeviceId>()
  readonly #ports = new Map<number, Receive>()
  readonly #listeners = new Map<number, Accept>()
  readonly #link = new Subject<Link>()
  readonly link$: Observable<Link> = this.#link.asObservable()

  constructor(hub: MemoryHub, self: DeviceId) {
    this.#hub = hub
    this.#self = self
    this.datagram = {
      maxBytes: MAX_BYTES,
      bind: (port: number, receive: Receive) => register(this.#ports, port, receive),
      send: (to: DeviceId, port: number, bytes: Uint8Array) => this.#send(to, port, bytes),
    }
    this.stream = {
      connect: (to: DeviceId, port: number) => this.#connect(to, port),
      listen: (port: number, accept: Accept) => register(this.#listeners, port, accept),
    }
  }

  async reach({ device }: PeerCard): Promise<{ readonly up: boolean; readonly reason?: string }> {
    const other = this.#hub.find(this.#self, device)
    if (other === undefined) return { up: false, reason: 'there is no path to this device' }
    this.#rise(device)
    other.#rise(this.#self)
    return { up: true }
  }

  links(): readonly Link[] {
    return [...this.#up].map(device => linkTo(device, true))
  }

  ping(device: DeviceId, timeoutMs: number): Promise<number | undefined> {
    const { clock, latencyMs } = this.#hub
    const isBack = this.#up.has(device) && 2 * latencyMs <= timeoutMs
    return new Promise(resolve => {
      clock.after(isBack ? 2 * latencyMs : timeoutMs, () => resolve(isBack ? 2 * latencyMs : undefined))
    })
  }

  /** The path broke. */
  lose(device: DeviceId): void {
    if (this.#up.delete(device)) this.#link.next(linkTo(device, false))
  }

  /** Something arrived from the hub. */
  deliver(from: DeviceId, port: number, bytes: Uint8Array): void {
    this.#ports.get(port)?.(from, bytes)
  }

  listener(port: number): Accept | undefined {
    return this.#listeners.get(port)
  }

  #rise(device: DeviceId): void {
    if (this.#up.has(device)) return
    this.#up.add(device)
    this.#link.next(linkTo(device, true))
  }

  #send(to: DeviceId, port: number, bytes: Uint8Array): boolean {
    if (!this.#up.has(to) || bytes.length > MAX_BYTES) return false
    const owned = new Uint8Array(bytes)
    this.#hub.clock.after(this.#hub.latencyMs, () =>
      this.#hub.find(this.#self, to)?.deliver(this.#self, port, owned),
    )
    return true
  }

  async #connect(to: DeviceId, port: number): Promise<Duplex> {
    const accept = this.#up.has(to) ? this.#hub.find(this.#self, to)?.listener(port) : undefined
    if (accept === undefined) throw new ChatError('PEER_UNREACHABLE', 'nobody listens there')
    const [here, there] = streamPair()
    accept(this.#self, there)
    return here
  }
}

function register<T>(table: Map<number, T>, port: number, entry: T): () => void {
  if (table.has(port)) throw new ChatError('BUG', `port ${port} is bound already`)
  table.set(port, entry)
  return () => {
    if (table.get(port) === entry) table.delete(port)
  }
}

const linkTo = (device: DeviceId, up: boolean): Link => ({
  device,
  up,
  path: up ? 'direct' : undefined,
  address: undefined,
  rttMs: undefined,
  mtu: MAX_BYTES,
  lastSeenMs: undefined,
})

/** One end of a stream. What is written here waits until the other end has room for it. */
class StreamEnd extends Duplex {
  other!: StreamEnd
  /** Lets the other end's write go on. */
  #takeMore: (() => void) | undefined

  constructor() {
    super({ highWaterMark: BUFFER_BYTES })
  }

  override _read(): void {
    const takeMore = this.#takeMore
    this.#takeMore = undefined
    takeMore?.()
  }

  override _write(chunk: Uint8Array, _encoding: string, done: () => void): void {
    if (this.other.push(Uint8Array.from(chunk))) done()
    else this.other.#takeMore = done
  }

  override _final(done: () => void): void {
    this.other.push(null)
    done()
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    if (!this.other.destroyed && !this.writableFinished) this.other.destroy(error ?? undefined)
    done(error)
  }
}

function streamPair(): readonly [Duplex, Duplex] {
  const [one, other] = [new StreamEnd(), new StreamEnd()]
  one.other = other
  other.other = one
  return [one, other]
}
