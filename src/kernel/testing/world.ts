/**
 * A world of homes in virtual time: one seed, one run. The clock's queue is the only order there is; after each
 * thing that happens everything that waits for promises runs to its end, so nothing depends on the machine.
 */
import { labelledHash } from '../../wire/hash.ts'
import { SeededRandom } from './seeded-random.ts'
import { type HomeSpec, SimHome } from './sim-home.ts'
import { type Faults, type PacketFate, QUIET, SimNetwork, type Watch } from './sim-network.ts'
import type { Packet } from './sim-segment.ts'
import { VirtualClock } from './virtual-clock.ts'

export interface WorldOptions {
  readonly seed: number
  readonly faults?: Faults
}

/** Virtual time after which waiting for something is a failure. */
const PATIENCE_MS = 10 * 60_000
const TRACE_LABEL = 'ntm.sim.trace.1'

/** Runs everything that waits for promises only. */
const drain = (): Promise<void> => new Promise(resolve => setImmediate(resolve))

export class World {
  readonly clock = new VirtualClock()
  readonly network: SimNetwork
  /** The world's own chance: for what a test does to it. */
  readonly random: SeededRandom
  readonly homes = new Map<string, SimHome>()
  /** Told of every datagram and what became of it. */
  readonly taps = new Set<Watch>()
  readonly #homesRandom: SeededRandom
  readonly #fates = new Map<PacketFate, number>()
  #trace: Uint8Array = new Uint8Array(32)

  constructor({ seed, faults = QUIET }: WorldOptions) {
    const source = new SeededRandom(seed)
    this.random = source.fork()
    this.#homesRandom = source.fork()
    this.network = new SimNetwork(this.clock, source.fork(), faults, (fate, packet, nowMs) =>
      this.#watch(fate, packet, nowMs),
    )
  }

  /** Everything that happened so far as one hash: equal traces, equal runs. */
  get trace(): string {
    return Buffer.from(this.#trace).toString('hex')
  }

  /** How many datagrams met this fate. */
  count(fate: PacketFate): number {
    return this.#fates.get(fate) ?? 0
  }

  /** Makes a home and starts it. */
  async add(spec: HomeSpec): Promise<SimHome> {
    const { clock, network } = this
    const appended = (home: SimHome, id: string): void =>
      this.#note(`${clock.monotonicMs()} ${home.spec.name} appended ${id}`)
    const home = new SimHome(spec, { clock, network, random: this.#homesRandom, appended })
    this.homes.set(spec.name, home)
    await this.until(home.start())
    return home
  }

  /** Cuts a home's power. Start it again with `restart`. */
  crash(home: SimHome, survivors = 0): void {
    this.#note(`${this.clock.monotonicMs()} ${home.spec.name} crashed`)
    home.crash(survivors)
  }

  async restart(home: SimHome): Promise<void> {
    await this.until(home.start())
  }

  /** Lets the next thing happen, and all that follows from it at once. False when nothing is due by then. */
  async step(untilMs = Number.POSITIVE_INFINITY): Promise<boolean> {
    await drain()
    const isMore = this.clock.step(untilMs)
    await drain()
    return isMore
  }

  /** Lets time pass. */
  async run(forMs: number): Promise<void> {
    const untilMs = this.clock.monotonicMs() + forMs
    while (await this.step(untilMs));
  }

  /** Runs until the promise settles, at most ten virtual minutes. */
  async until<T>(promise: Promise<T>): Promise<T> {
    let isSettled = false
    const settled = (): void => {
      isSettled = true
    }
    promise.then(settled, settled)
    await this.untilTrue(() => isSettled)
    return promise
  }

  /** Runs until it is so, at most ten virtual minutes. */
  async untilTrue(isSo: () => boolean): Promise<void> {
    const deadlineMs = this.clock.monotonicMs() + PATIENCE_MS
    await drain()
    while (!isSo()) {
      if (!(await this.step(deadlineMs)))
        throw new Error(`nothing more happens, and it is still not so: ${isSo}`)
    }
  }

  /** Stops every home that runs. */
  async end(): Promise<void> {
    for (const home of this.homes.values()) if (home.isRunning) await this.until(home.stop())
  }

  #watch(fate: PacketFate, packet: Packet, nowMs: number): void {
    const { from, to, bytes } = packet
    for (const tap of this.taps) tap(fate, packet, nowMs)
    this.#fates.set(fate, this.count(fate) + 1)
    this.#note(`${nowMs} ${fate} ${from.address}:${from.port} ${to.address}:${to.port}`, bytes)
  }

  #note(what: string, bytes: Uint8Array = new Uint8Array(0)): void {
    this.#trace = labelledHash(TRACE_LABEL, this.#trace, Buffer.from(what), bytes)
  }
}
