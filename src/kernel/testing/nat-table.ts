/**
 * What a NAT remembers: mappings, and of each the remote endpoints it was used with. It is bounded, forgets by
 * time alone, and counts, because a punch that fills a family's router is no success.
 */
import type { UdpEndpoint } from '../api/index.ts'

/** One remote endpoint of a mapping: what a router's statistics call a session. */
interface Flow {
  expiresAtMs: number
  isAnswered: boolean
}

export interface Mapping {
  readonly key: string
  /** Undefined: the router itself. */
  readonly inside: UdpEndpoint | undefined
  readonly port: number
  readonly flows: Map<string, Flow>
  /** When the last of its flows ends. */
  expiresAtMs: number
}

export interface Lifetimes {
  readonly timeoutMs: number
  readonly unansweredMs: number
}

/** How often what has expired makes room; what is looked up is exact at any time. */
const SWEEP_MS = 1_000

export const placeOf = ({ address, port }: UdpEndpoint): string => `${address}|${port}`
const addressOf = (place: string): string => place.slice(0, place.indexOf('|'))

export class NatTable {
  readonly #capacity: number
  readonly #lifetimes: Lifetimes
  readonly #byKey = new Map<string, Mapping>()
  readonly #byPort = new Map<number, readonly Mapping[]>()
  #flows = 0
  #peak = 0
  #sweepAtMs = 0

  constructor(capacity: number, lifetimes: Lifetimes) {
    this.#capacity = capacity
    this.#lifetimes = lifetimes
  }

  get peak(): number {
    return this.#peak
  }

  flowsAt(nowMs: number): number {
    this.#sweep(nowMs)
    return this.#flows
  }

  mappingsAt(nowMs: number): number {
    this.#sweep(nowMs)
    return this.#byKey.size
  }

  find(key: string, nowMs: number): Mapping | undefined {
    const mapping = this.#byKey.get(key)
    return mapping !== undefined && mapping.expiresAtMs > nowMs ? mapping : undefined
  }

  at(port: number, nowMs: number): readonly Mapping[] {
    return (this.#byPort.get(port) ?? []).filter(({ expiresAtMs }) => expiresAtMs > nowMs)
  }

  /** A mapping and its first flow. Undefined: there is no room for it. */
  add(
    { key, inside, port }: Pick<Mapping, 'key' | 'inside' | 'port'>,
    remote: UdpEndpoint,
    nowMs: number,
  ): Mapping | undefined {
    if (!this.#hasRoom(nowMs)) return undefined
    const old = this.#byKey.get(key)
    if (old !== undefined) this.#remove(old)
    const mapping = { key, inside, port, flows: new Map(), expiresAtMs: 0 }
    this.#byKey.set(key, mapping)
    this.#byPort.set(port, [...(this.#byPort.get(port) ?? []), mapping])
    this.refresh(mapping, remote, nowMs)
    return mapping
  }

  /** Begins or prolongs what a mapping has with a remote endpoint. False: there is no room for it. */
  refresh(mapping: Mapping, remote: UdpEndpoint, nowMs: number, isAnswer = false): boolean {
    const { timeoutMs, unansweredMs } = this.#lifetimes
    const flow = this.#flowOf(mapping, placeOf(remote), nowMs)
    if (flow === undefined) return false
    flow.isAnswered = isAnswer || (flow.isAnswered && flow.expiresAtMs > nowMs)
    flow.expiresAtMs = nowMs + (flow.isAnswered ? timeoutMs : unansweredMs)
    mapping.expiresAtMs = Math.max(mapping.expiresAtMs, flow.expiresAtMs)
    return true
  }

  /** Somebody answered; that alone prolongs nothing. */
  answer({ flows }: Mapping, remote: UdpEndpoint): void {
    const flow = flows.get(placeOf(remote))
    if (flow !== undefined) flow.isAnswered = true
  }

  hasFlow({ flows }: Mapping, remote: UdpEndpoint, nowMs: number): boolean {
    return (flows.get(placeOf(remote))?.expiresAtMs ?? 0) > nowMs
  }

  hasFlowWithAddress({ flows }: Mapping, address: string, nowMs: number): boolean {
    for (const [place, { expiresAtMs }] of flows)
      if (expiresAtMs > nowMs && addressOf(place) === address) return true
    return false
  }

  clear(): void {
    this.#byKey.clear()
    this.#byPort.clear()
    this.#flows = 0
  }

  #flowOf({ flows }: Mapping, remote: string, nowMs: number): Flow | undefined {
    const known = flows.get(remote)
    if (known !== undefined || !this.#hasRoom(nowMs)) return known
    const flow = { expiresAtMs: 0, isAnswered: false }
    flows.set(remote, flow)
    this.#flows += 1
    this.#peak = Math.max(this.#peak, this.#flows)
    return flow
  }

  /** Sweeps only what has expired, and so never what is about to be used. */
  #hasRoom(nowMs: number): boolean {
    if (nowMs >= this.#sweepAtMs || this.#flows >= this.#capacity) this.#sweep(nowMs)
    return this.#flows < this.#capacity
  }

  #sweep(nowMs: number): void {
    this.#sweepAtMs = nowMs + SWEEP_MS
    for (const mapping of [...this.#byKey.values()]) {
      for (const [place, { expiresAtMs }] of mapping.flows)
        if (expiresAtMs <= nowMs && mapping.flows.delete(place)) this.#flows -= 1
      if (mapping.flows.size === 0) this.#remove(mapping)
    }
  }

  #remove(mapping: Mapping): void {
    this.#flows -= mapping.flows.size
    mapping.flows.clear()
    this.#byKey.delete(mapping.key)
    const others = this.at(mapping.port, Number.NEGATIVE_INFINITY).filter(other => other !== mapping)
    if (others.length > 0) this.#byPort.set(mapping.port, others)
    else this.#byPort.delete(mapping.port)
  }
}
