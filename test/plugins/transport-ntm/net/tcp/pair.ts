/**
 * Two ends of TCP over a link in virtual time, and users that write down what they hear. The link loses, doubles and
 * delays by a seed, so that a run can be run again.
 */
import { SeededRandom } from '../../../../../src/kernel/testing/seeded-random.ts'
import type {
  Broken,
  Connection,
  ConnectionUser,
} from '../../../../../src/plugins/transport-ntm/net/tcp/connection.ts'
import { createTcp, type Tcp, type TcpOptions } from '../../../../../src/plugins/transport-ntm/net/tcp/tcp.ts'
import { ALICE, BOB } from '../packets.ts'
import { ipOf } from './segments.ts'
import { VirtualTime } from './support/virtual-time.ts'

export interface LinkOptions {
  readonly oneWayMs: number
  /** Chances of a packet. */
  readonly loss?: number
  readonly twice?: number
  readonly late?: number
  readonly lateMs?: number
  readonly seed?: number
  /** Undefined: as fast as it comes. */
  readonly bytesPerMs?: number
  /** Either end gets what came once in so long, all at a time, as a process does that is busy. */
  readonly everyMs?: number
}

/** Hears everything, reads when told to, and sends what it was given as there is room. */
export class Talker implements ConnectionUser {
  connection: Connection | undefined
  readonly heard: Buffer[] = []
  isEstablished = false
  isReadOut = false
  /** undefined: not over; null: plainly. */
  over: Broken | null | undefined
  isReading = true
  readonly #tcp: Tcp
  #toSay: Uint8Array = new Uint8Array(0)
  #isLast = false

  constructor(tcp: Tcp) {
    this.#tcp = tcp
  }

  get heardBytes(): Buffer {
    return Buffer.concat(this.heard)
  }

  say(bytes: Uint8Array, isLast = false): void {
    this.#toSay = bytes
    this.#isLast = isLast
    this.onRoom()
  }

  end(): void {
    this.connection!.finish(this.#tcp.now())
  }

  read(): void {
    const connection = this.connection!
    for (
      let view = connection.read(this.#tcp.now());
      view !== undefined;
      view = connection.read(this.#tcp.now())
    )
      this.heard.push(Buffer.from(view))
    this.isReadOut = connection.incoming.isReadOut
  }

  onEstablished(): void {
    this.isEstablished = true
  }

  onReadable(): void {
    if (this.isReading) this.read()
  }

  onRoom(): void {
    const connection = this.connection!
    const now = this.#toSay.subarray(0, Math.max(0, connection.outgoing.roomBytes))
    if (now.length > 0) connection.write(now, this.#tcp.now())
    this.#toSay = this.#toSay.subarray(now.length)
    if (this.#toSay.length === 0 && this.#isLast) this.end()
  }

  onOver(why: Broken | undefined): void {
    this.over = why ?? null
  }
}

export interface Sent {
  readonly packet: Uint8Array
  readonly from: 'alice' | 'bob'
  readonly atMs: number
}

export class Pair {
  readonly time = new VirtualTime()
  readonly alice: Tcp
  readonly bob: Tcp
  readonly link: LinkOptions
  /** Whether a packet goes through at all; a test may replace it. */
  passes: (sent: Sent) => boolean = () => true
  /** Filled while `isRecording`. */
  readonly sent: Sent[] = []
  isRecording = false
  packets = 0
  readonly #random: SeededRandom
  readonly #freeAtMs = { alice: 0, bob: 0 }
  readonly #plannedMs = new Map<Tcp, number>()
  /** They have got something of a batch that is not over. */
  readonly #unsettled = new Set<Tcp>()

  constructor(link: LinkOptions, options: Partial<TcpOptions> = {}, bobs: Partial<TcpOptions> = options) {
    this.link = link
    this.#random = new SeededRandom(link.seed ?? 1)
    this.alice = this.#end('alice', options)
    this.bob = this.#end('bob', bobs)
  }

  /** Alice connects to Bob, who listens. */
  connect(port = 80): { readonly alice: Talker; readonly bob: () => Talker | undefined } {
    let accepted: Talker | undefined
    this.bob.listen(port, connection => {
      accepted = new Talker(this.bob)
      accepted.connection = connection
      return accepted
    })
    const alice = new Talker(this.alice)
    const opened = this.alice.open(BOB, port, alice)
    if (!opened.ok) throw new Error(opened.why)
    alice.connection = opened.value
    return { alice, bob: () => accepted }
  }

  /** Both are connected. */
  meet(port = 80): { readonly alice: Talker; readonly bob: Talker } {
    const { alice, bob } = this.connect(port)
    this.run(10 * this.link.oneWayMs + 10)
    return { alice, bob: bob()! }
  }

  /** So much time passes. */
  run(ms: number): void {
    this.settle()
    this.time.runUntil(this.time.nowMs + ms)
  }

  /** Until it is so, or so much time has passed. */
  runUntil(isSo: () => boolean, ms: number, stepMs = 10): boolean {
    const endMs = this.time.nowMs + ms
    while (!isSo() && this.time.nowMs < endMs) this.run(stepMs)
    return isSo()
  }

  settle(): void {
    for (const tcp of [this.alice, this.bob]) {
      tcp.flush()
      this.#plan(tcp)
    }
  }

  #end(name: 'alice' | 'bob', options: Partial<TcpOptions>): Tcp {
    const random = new SeededRandom((this.link.seed ?? 1) + (name === 'alice' ? 1000 : 2000))
    return createTcp({
      emit: packet => this.#carry({ packet: packet.slice(), from: name, atMs: this.time.nowMs }),
      now: () => this.time.nowMs,
      random: count => Uint8Array.from({ length: count }, () => Math.floor(random.next() * 256)),
      ownAddress: () => (name === 'alice' ? ALICE : BOB),
      mtuTo: () => 1200,
      ...options,
    })
  }

  #carry(sent: Sent): void {
    this.packets++
    if (this.isRecording) this.sent.push(sent)
    const { oneWayMs, loss = 0, twice = 0, late = 0, lateMs = 0, bytesPerMs } = this.link
    if (!this.passes(sent) || this.#random.next() < loss) return
    const leavesMs =
      bytesPerMs === undefined
        ? this.time.nowMs
        : Math.max(this.time.nowMs, this.#freeAtMs[sent.from]) + sent.packet.length / bytesPerMs
    this.#freeAtMs[sent.from] = leavesMs
    const isLate = this.#random.next() < late
    this.#arriveAt(leavesMs + oneWayMs + (isLate ? lateMs : 0), sent)
    if (this.#random.next() < twice) this.#arriveAt(leavesMs + oneWayMs + lateMs, sent)
  }

  #arriveAt(atMs: number, { packet, from }: Sent): void {
    const to = from === 'alice' ? this.bob : this.alice
    const { everyMs = 0 } = this.link
    this.time.at(everyMs > 0 ? Math.ceil(atMs / everyMs) * everyMs : atMs, () => {
      to.receive(ipOf(packet))
      if (this.#unsettled.has(to)) return
      this.#unsettled.add(to)
      this.time.at(this.time.nowMs, () => {
        this.#unsettled.delete(to)
        to.flush()
        this.#plan(to)
      })
    })
  }

  #plan(tcp: Tcp): void {
    const atMs = tcp.nextWakeAt()
    if (atMs === undefined || this.#plannedMs.get(tcp) === atMs) return
    this.#plannedMs.set(tcp, atMs)
    this.time.at(atMs, () => {
      if (this.#plannedMs.get(tcp) !== atMs) return
      this.#plannedMs.delete(tcp)
      tcp.wake()
      this.#plan(tcp)
    })
  }
}
