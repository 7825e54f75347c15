/**
 * A network that exists only in a world: datagrams become entries in the virtual clock's queue, and one seed
 * decides which of them are lost, late, doubled or overtaken. Hosts get it as the kernel's `Network`, so the
 * code under test is the code that runs on real sockets.
 */
import type { LanNotice, SrvRecord } from '../api/index.ts'
import type { SeededRandom } from './seeded-random.ts'
import { type Place, SimHost } from './sim-host.ts'
import { type Attachment, type Gateway, isIpv6, type Packet, Segment, type Wire } from './sim-segment.ts'
import { SimStreams } from './sim-streams.ts'
import type { VirtualClock } from './virtual-clock.ts'

/** What the network does to datagrams. Shares are probabilities per datagram. */
export interface Faults {
  /** Of every datagram, besides what the wires of its path take. */
  readonly latencyMs: readonly [least: number, most: number]
  readonly loss: number
  readonly duplicates: number
  /** Share that is delayed by up to four times the latency, and so overtaken. */
  readonly reordering: number
  /** What each host can send; it queues what is more, and what would wait too long is lost. Default: anything. */
  readonly bytesPerMs?: number
}

export const QUIET: Faults = { latencyMs: [1, 1], loss: 0, duplicates: 0, reordering: 0 }
/** The harshest that this project promises to live with. */
export const HARSH: Faults = { latencyMs: [20, 200], loss: 0.3, duplicates: 0.1, reordering: 0.2 }

/** `filtered`: a gateway would not pass it. `expired`: its hop limit ran out. `streamed`: it came through a connection. */
export type PacketFate = 'delivered' | 'lost' | 'cut' | 'nobody' | 'filtered' | 'expired' | 'streamed'
export type Watch = (fate: PacketFate, packet: Packet, nowMs: number) => void

/** A host, a gateway, or whatever has this address. */
export type Spot = SimHost | Gateway | string

/** What a host hands to the network; without a place it has no way there. */
interface Departure {
  readonly host: SimHost
  readonly place: Place | undefined
  readonly packet: Packet
  readonly hopLimit: number | undefined
}

/** What a host says to all on one of its links. */
interface Announcement {
  readonly host: SimHost
  readonly place: Place
  readonly notice: LanNotice
}

/** A packet under way, in the segment where it goes towards its target. */
interface Journey {
  readonly packet: Packet
  readonly segment: Segment
  readonly hopsLeft: number
  readonly passed: readonly [SimHost, ...Gateway[]]
  readonly latencyMs: number
}

/** Of the line of a host that sends at a rate. */
const QUEUE_MAX_MS = 200
/** From one host of a link to another. */
const LINK_MS = 1
const USUAL_HOP_LIMIT = 64
/** Without them a hop limit could not end between two homes. */
const CORE_HOPS = 3
const IPV4_HEADERS_BYTES = 28
const IPV6_HEADERS_BYTES = 48

const isSpot = (spot: Spot, passed: SimHost | Gateway): boolean => spot === passed || spot === passed.address

const isTooLong = ({ to, bytes }: Packet, { mtuBytes = Number.POSITIVE_INFINITY }: Wire): boolean =>
  bytes.length + (isIpv6(to.address) ? IPV6_HEADERS_BYTES : IPV4_HEADERS_BYTES) > mtuBytes

export class SimNetwork {
  faults: Faults
  /** What everybody reaches: the Internet. */
  readonly core = new Segment(CORE_HOPS)
  readonly streams: SimStreams
  readonly #clock: VirtualClock
  readonly #random: SeededRandom
  readonly #watch: Watch
  /** Host address -> island; hosts of different islands do not hear each other. */
  #islands = new Map<string, number>()
  readonly #cuts = new Set<readonly [from: Spot, to: Spot]>()
  /** Until when the line of a host is busy with what it has queued. */
  readonly #busyUntilMs = new Map<SimHost, number>()
  readonly names = new Map<string, readonly string[]>()
  readonly srvRecords = new Map<string, readonly SrvRecord[]>()
  readonly txtRecords = new Map<string, readonly string[]>()

  constructor(
    clock: VirtualClock,
    random: SeededRandom,
    faults: Faults = QUIET,
    watch: Watch = () => undefined,
  ) {
    this.#clock = clock
    this.#random = random
    this.faults = faults
    this.#watch = watch
    this.streams = new SimStreams({
      clock,
      passes: (passed, to) => this.#hear(passed[0], to) && !this.#isCut(passed, to),
      carried: packet => this.#tell('streamed', packet),
    })
  }

  /** A machine on this network. Behind a gateway, others see the gateway's address only. */
  host(at: string | readonly Attachment[], gateway?: Gateway): SimHost {
    if (typeof at !== 'string') return new SimHost(this, at)
    const on = gateway === undefined ? this.core : this.core.behind(gateway)
    return new SimHost(this, [{ address: at, on }])
  }

  /** Cuts the network between the groups of host addresses; hosts in no group hear everybody in none. */
  partition(...groups: readonly (readonly string[])[]): void {
    this.#islands = new Map(
      groups.flatMap((group, index) => group.map(address => [address, index + 1] as const)),
    )
  }

  /** A black hole for what passes `from` and comes to `to`. Returns how to fill it. */
  cut(from: Spot, to: Spot, ways: 'one' | 'both' = 'one'): () => void {
    const holes: (readonly [Spot, Spot])[] =
      ways === 'both'
        ? [
            [from, to],
            [to, from],
          ]
        : [[from, to]]
    for (const hole of holes) this.#cuts.add(hole)
    return () => {
      for (const hole of holes) this.#cuts.delete(hole)
    }
  }

  heal(): void {
    this.#islands.clear()
    this.#cuts.clear()
  }

  /** Takes one datagram. The bytes are copied, as a system call would. */
  carry({ host, place, packet, hopLimit = USUAL_HOP_LIMIT }: Departure): void {
    const owned = { ...packet, bytes: new Uint8Array(packet.bytes) }
    const journey = host.isUp ? this.#depart(host, place, owned, hopLimit) : this.#tell('cut', owned)
    if (journey === undefined) return
    const { loss, duplicates } = this.faults
    const queuedMs = this.#queue(host, owned.bytes.length)
    const isLost = this.#random.next() < loss || queuedMs === undefined
    const copies = this.#random.next() < duplicates ? 2 : 1
    if (isLost) this.#tell('lost', journey.packet)
    for (let copy = 0; copy < copies && !isLost; copy += 1)
      this.#clock.after(this.#delayMs() + journey.latencyMs + (queuedMs ?? 0), () => this.#arrive(journey))
  }

  /** A link loses nothing that is said to all, and is quick. */
  announce({ host, place: { on, address }, notice }: Announcement): void {
    if (!host.isUp || !on.has(address)) return
    for (const listener of [...on.listeners])
      this.#clock.after(LINK_MS, () => {
        const isThere = on.listeners.has(listener) && listener.host.isUp && listener.host !== host
        if (isThere) listener.hear({ ...notice, hints: new Uint8Array(notice.hints) }, address)
      })
  }

  #depart(host: SimHost, place: Place | undefined, packet: Packet, hopsLeft: number): Journey | undefined {
    if (place === undefined) return this.#tell('nobody', packet)
    if (isTooLong(packet, place)) return this.#tell('lost', packet)
    const { on: segment, latencyMs = 0 } = place
    return this.#climb({ packet, segment, hopsLeft, passed: [host], latencyMs })
  }

  /** Out through gateways, up to where the target is, or could be. */
  #climb(journey: Journey): Journey | undefined {
    const { packet, segment, hopsLeft, passed, latencyMs } = journey
    const { router } = segment
    if (router === undefined || segment.has(packet.to.address)) return this.#cross(journey)
    if (hopsLeft <= 1) return this.#tell('expired', packet)
    const outside = router.gateway.outbound(packet, this.#clock.monotonicMs())
    if (outside === undefined) return this.#tell('filtered', packet)
    if (isTooLong(outside, router.wire)) return this.#tell('lost', outside)
    return this.#climb({
      packet: outside,
      segment: router.outside,
      hopsLeft: hopsLeft - 1,
      passed: [...passed, router.gateway],
      latencyMs: latencyMs + (router.wire.latencyMs ?? 0),
    })
  }

  /** From one place of a segment to another. */
  #cross(journey: Journey): Journey | undefined {
    const { packet, segment, passed } = journey
    const target = segment.routerAt(packet.to.address)
    // A hairpin: the gateway meets its own packet, which has seen no wire outside.
    if (target !== undefined && target.gateway === passed.at(-1))
      return { ...journey, latencyMs: journey.latencyMs - (target.wire.latencyMs ?? 0) }
    const hopsLeft = journey.hopsLeft - segment.hops
    if (hopsLeft <= 0) return this.#tell('expired', packet)
    const wire = segment.wireTo(packet.to.address) ?? {}
    if (isTooLong(packet, wire)) return this.#tell('lost', packet)
    return { ...journey, hopsLeft, latencyMs: journey.latencyMs + (wire.latencyMs ?? 0) }
  }

  /** How long it takes until the last byte is on the line; undefined when there is no room to wait. */
  #queue(host: SimHost, bytes: number): number | undefined {
    const { bytesPerMs } = this.faults
    if (bytesPerMs === undefined) return 0
    const nowMs = this.#clock.monotonicMs()
    const freeMs = Math.max(nowMs, this.#busyUntilMs.get(host) ?? 0)
    if (freeMs - nowMs > QUEUE_MAX_MS) return undefined
    this.#busyUntilMs.set(host, freeMs + bytes / bytesPerMs)
    return freeMs + bytes / bytesPerMs - nowMs
  }

  #delayMs(): number {
    const { latencyMs, reordering } = this.faults
    const [least, most] = latencyMs
    const delayMs = least + (most - least) * this.#random.next()
    return this.#random.next() < reordering ? delayMs * (1 + 4 * this.#random.next()) : delayMs
  }

  /** In through gateways, down to a socket. */
  #arrive(journey: Journey): undefined {
    const { packet, segment, hopsLeft, passed } = journey
    const router = segment.routerAt(packet.to.address)
    if (router === undefined) return this.#deliver(journey)
    if (this.#isCut(passed, router.gateway)) return this.#tell('cut', packet)
    const inside = router.gateway.inbound(packet, this.#clock.monotonicMs())
    if (inside === undefined) return this.#tell('filtered', packet)
    const next = this.#cross({
      packet: inside,
      segment: router.inside,
      hopsLeft: hopsLeft - 1,
      passed: [...passed, router.gateway],
      latencyMs: 0,
    })
    if (next === undefined) return
    if (next.latencyMs > 0) this.#clock.after(next.latencyMs, () => this.#arrive(next))
    else this.#arrive(next)
  }

  #deliver({ packet, segment, passed }: Journey): undefined {
    const host = segment.hostsAt(packet.to.address).find(one => one.hasSocketAt(packet.to))
    if (host === undefined) return this.#tell('nobody', packet)
    if (!this.#hear(passed[0], host) || !host.isUp || this.#isCut(passed, host))
      return this.#tell('cut', packet)
    this.#tell('delivered', packet)
    host.take(packet)
  }

  /** Whether they are on one island. */
  #hear(one: SimHost, other: SimHost): boolean {
    return this.#islands.get(one.address) === this.#islands.get(other.address)
  }

  #isCut(passed: readonly (SimHost | Gateway)[], at: SimHost | Gateway): boolean {
    for (const [from, to] of this.#cuts)
      if (isSpot(to, at) && passed.some(one => isSpot(from, one))) return true
    return false
  }

  #tell(fate: PacketFate, packet: Packet): undefined {
    this.#watch(fate, packet, this.#clock.monotonicMs())
  }
}
