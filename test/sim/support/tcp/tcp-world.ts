/**
 * Two TCPs at the ends of a line in virtual time, with a judge that sees all of it and programs that use it. A seed is a
 * run; nothing in it asks what time it really is.
 */
import { createHash } from 'node:crypto'
import type { Duplex } from 'node:stream'
import { SeededRandom } from '../../../../src/kernel/testing/seeded-random.ts'
import { VirtualClock } from '../../../../src/kernel/testing/virtual-clock.ts'
import { OWN_PORT_FIRST } from '../../../../src/plugins/transport-ntm/net/tcp/limits.ts'
import { Host } from '../../../support/tcp/host.ts'
import { Judge, type Side } from '../../../support/tcp/judge.ts'
import { Line } from '../../../support/tcp/line.ts'
import { type ConnectionPlan, drawPlan, type Plan } from './plan.ts'
import { Program } from './program.ts'

const drain = (): Promise<void> => new Promise(resolve => setImmediate(resolve))

/** What both ends have given up by now. */
const PATIENCE_MS = 20 * 60_000
/** So often may something be due at the same moment before it counts as a wheel that spins. */
const SPIN_MAX = 100_000
const FIRST_PORT = 1_000
const ADDRESSES = [1, 2].map(last => ({
  ipv4: Uint8Array.from([10, 0, 0, last]),
  ipv6: Uint8Array.from([0xfd, ...new Array(14).fill(0), last]),
}))
/** Without it, who only listens never learns that the other broke off, if all resets are lost. */
const KEEPALIVE_MS = 60_000
/** Initial sequence numbers are so near to the end of their space that even a short stream passes it. */
const BEFORE_WRAP_BYTES = 3_000

/** Changes a packet between a stack and everybody who sees it, or swallows it: a fault that is planted. */
export type Plant = (packet: Uint8Array, side: Side) => Uint8Array | undefined

export interface WorldOptions {
  readonly plan?: (random: SeededRandom) => Plan
  readonly plant?: Plant
  /** Both sides open each connection at once, from the port and to the port that it has (RFC 9293, figure 7). */
  readonly isCrossed?: boolean
}

/** One connection as it went. */
export interface Course {
  readonly plan: ConnectionPlan
  opener: Program | undefined
  listener: Program | undefined
  /** Why it was not opened. */
  refused: unknown
}

export class TcpWorld {
  readonly clock = new VirtualClock()
  readonly plan: Plan
  readonly judge: Judge
  readonly hosts: readonly [Host, Host]
  readonly lines: readonly [Line, Line]
  readonly connections: readonly Course[]
  readonly #hash = createHash('sha256')
  readonly #random: SeededRandom
  readonly #plant: Plant
  readonly #isCrossed: boolean
  readonly #firstPort: number
  /** What chance gives next: the own port of whoever opens from one that is chosen. */
  #drawn: Uint8Array | undefined

  constructor(
    seed: number,
    { plan = drawPlan, plant = packet => packet, isCrossed = false }: WorldOptions = {},
  ) {
    this.#random = new SeededRandom(seed)
    this.#plant = plant
    this.#isCrossed = isCrossed
    this.#firstPort = isCrossed ? OWN_PORT_FIRST : FIRST_PORT
    this.plan = plan(this.#random.fork())
    this.connections = this.plan.connections.map(each => ({
      plan: each,
      opener: undefined,
      listener: undefined,
      refused: undefined,
    }))
    this.judge = new Judge({
      prompt: [true, true],
      mayReset: (_side, own, other) => this.#mayReset(own) || this.#mayReset(other),
    })
    this.lines = [this.#lineFrom(0), this.#lineFrom(1)]
    this.hosts = [this.#hostAt(0), this.#hostAt(1)]
  }

  /** Every packet and when it was sent, as one hash: equal traces, equal runs. */
  get trace(): string {
    return this.#hash.copy().digest('hex')
  }

  /** Lets everything happen, until nothing more does or it is enough. */
  async run(isEnough = (): boolean => false): Promise<void> {
    this.#setUp()
    let [spins, lastMs] = [0, -1]
    await drain()
    while (!isEnough() && this.clock.step(PATIENCE_MS)) {
      await drain()
      for (const host of this.hosts) host.arm()
      spins = this.clock.monotonicMs() === lastMs ? spins + 1 : 0
      lastMs = this.clock.monotonicMs()
      if (spins > SPIN_MAX) throw new Error(`time stands still at ${lastMs} ms`)
    }
    this.judge.close(this.clock.monotonicMs())
  }

  #lineFrom(side: Side): Line {
    const time = { now: () => this.clock.monotonicMs(), after: this.#after }
    return new Line(this.plan.courses[side], time, this.#random.fork(), packet =>
      this.#deliver(side === 0 ? 1 : 0, packet),
    )
  }

  #hostAt(side: Side): Host {
    const random = this.#random.fork()
    const host = new Host({
      addresses: ADDRESSES[side]!,
      mtuBytes: this.plan.mtuBytes,
      time: { now: () => this.clock.monotonicMs(), after: (delayMs, run) => this.clock.after(delayMs, run) },
      random: bytes => this.#drawn ?? random.bytes(bytes),
      keepaliveMs: KEEPALIVE_MS,
      emit: packet => {
        const planted = this.#plant(packet, side)
        if (planted !== undefined) this.#send(side, planted)
      },
    })
    if (random.next() < 0.5) {
      const nearTheEnd = (): number => 2 ** 32 - random.between(1, BEFORE_WRAP_BYTES)
      Object.assign(host.tcp.numbers, { sequence: nearTheEnd, timestamp: nearTheEnd })
    }
    return host
  }

  #setUp(): void {
    for (const line of this.lines) line.mtuBytes = this.plan.mtuBytes
    for (const { fromMs, forMs, lines } of this.plan.outages)
      for (const at of lines) {
        this.#after(fromMs, () => Object.assign(this.lines[at], { isCut: true }))
        this.#after(fromMs + forMs, () => Object.assign(this.lines[at], { isCut: false }))
      }
    const { mtuChange } = this.plan
    if (mtuChange !== undefined) this.#after(mtuChange.atMs, () => this.#changeMtu(mtuChange.mtuBytes))
    for (const [at, course] of this.connections.entries()) this.#prepare(at, course)
  }

  #changeMtu(mtuBytes: number): void {
    for (const line of this.lines) line.mtuBytes = mtuBytes
    for (const [side, host] of this.hosts.entries())
      host.setMtu(mtuBytes, this.#addressOf(side === 0 ? 1 : 0))
  }

  #prepare(at: number, course: Course): void {
    const { opener, startsAtMs, parts } = course.plan
    const [mine, theirs] = [at * 2 + 1, at * 2 + 2]
    const time = { after: this.#after }
    const listener = opener === 0 ? 1 : 0
    const open = (stream: Duplex): void => {
      course.opener = new Program(stream, parts[0], { writes: mine, reads: theirs }, time)
    }
    const accept = (stream: Duplex): void => {
      course.listener = new Program(stream, parts[1], { writes: theirs, reads: mine }, time)
    }
    if (!this.#isCrossed) this.hosts[listener].listen(this.#firstPort + at, accept)
    this.#after(startsAtMs, () => {
      this.#connect(opener, at, course, open)
      if (this.#isCrossed) this.#connect(listener, at, course, accept)
    })
  }

  #connect(side: Side, at: number, course: Course, use: (stream: Duplex) => void): void {
    if (this.#isCrossed) this.#drawn = Uint8Array.from([0, 0, 0, at])
    const connecting = this.hosts[side].connect(this.#addressOf(side === 0 ? 1 : 0), this.#firstPort + at)
    this.#drawn = undefined
    connecting.then(use, error => {
      course.refused = error
    })
  }

  #addressOf(side: Side): Uint8Array {
    return ADDRESSES[side]![this.plan.isIpv4 ? 'ipv4' : 'ipv6']
  }

  #mayReset(port: number): boolean {
    const course = this.connections[port - this.#firstPort]
    if (course === undefined) return false
    const isBroken = course.plan.parts.some(part => part.abortsAfterBytes !== undefined)
    return isBroken || course.refused !== undefined
  }

  #send(side: Side, packet: Uint8Array): void {
    const nowMs = this.clock.monotonicMs()
    this.#hash.update(`${nowMs} ${side} `).update(packet)
    this.judge.sent(side, packet, nowMs)
    this.lines[side].send(packet)
  }

  #deliver(side: Side, packet: Uint8Array): void {
    this.judge.came(side, packet, this.clock.monotonicMs())
    this.hosts[side].receive(packet)
  }

  readonly #after = (delayMs: number, run: () => void): void => void this.clock.after(delayMs, run)
}
