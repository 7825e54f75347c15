/**
 * A NAT as a machine: packets and the time in, packets out, no clock and no chance of its own. Which NAT it is,
 * its behaviour says; what happens to the routers in people's homes, its methods do.
 */
import type { UdpEndpoint } from '../api/index.ts'
import { NAT_KINDS, type NatBehaviour, type NatKind } from './nat-kinds.ts'
import { type Mapping, NatTable, placeOf } from './nat-table.ts'
import { PortAssigner } from './port-assigner.ts'
import type { SeededRandom } from './seeded-random.ts'
import type { Gateway, Packet } from './sim-segment.ts'

export class SimNat implements Gateway {
  readonly behaviour: NatBehaviour
  readonly #table: NatTable
  readonly #assigner: PortAssigner
  #address: string
  #isBlocked = false

  constructor(address: string, behaviour: NatKind | NatBehaviour, random: SeededRandom) {
    this.behaviour = typeof behaviour === 'string' ? NAT_KINDS[behaviour] : behaviour
    this.#address = address
    this.#table = new NatTable(this.behaviour.capacity, this.behaviour)
    this.#assigner = new PortAssigner(this.behaviour.ports, random)
  }

  get address(): string {
    return this.#address
  }

  /** The most remote endpoints that it had to remember at once. */
  get peak(): number {
    return this.#table.peak
  }

  /** How many remote endpoints it remembers, over all mappings. */
  flowsAt(nowMs: number): number {
    return this.#table.flowsAt(nowMs)
  }

  mappingsAt(nowMs: number): number {
    return this.#table.mappingsAt(nowMs)
  }

  /** Forgets everything, and gives other ports from now on, as after a restart. */
  rebind(): void {
    this.#table.clear()
    this.#assigner.shuffle()
  }

  /** Its provider gives it another address; what it remembered is worth nothing. */
  readdress(address: string): void {
    this.#table.clear()
    this.#address = address
  }

  /** No datagram passes any more, or again. */
  block(isBlocked = true): void {
    this.#isBlocked = isBlocked
  }

  outbound(packet: Packet, nowMs: number): Packet | undefined {
    const { isHairpinning } = this.behaviour
    if (this.#isBlocked || (packet.to.address === this.#address && !isHairpinning)) return undefined
    const mapping = this.#mappingOf(packet, nowMs)
    if (mapping === undefined || !this.#table.refresh(mapping, packet.to, nowMs)) return undefined
    return { ...packet, from: { address: this.#address, port: mapping.port } }
  }

  inbound(packet: Packet, nowMs: number): Packet | undefined {
    if (this.#isBlocked) return undefined
    const { from, to } = packet
    const mapping = this.#table.at(to.port, nowMs).find(one => this.#passes(one, from, nowMs))
    if (mapping?.inside === undefined) {
      if (this.behaviour.isPoisonable) this.#occupy(to.port, from, nowMs)
      return undefined
    }
    this.#answered(mapping, from, nowMs)
    return { ...packet, to: mapping.inside }
  }

  #mappingOf({ from, to }: Packet, nowMs: number): Mapping | undefined {
    const key = this.#keyOf(from, to)
    const known = this.#table.find(key, nowMs)
    if (known !== undefined) return known
    const { isOverloading } = this.behaviour
    const port = this.#assigner.portFor(from.port, wanted =>
      this.#table.at(wanted, nowMs).every(other => isOverloading && !this.#table.hasFlow(other, to, nowMs)),
    )
    return port === undefined ? undefined : this.#table.add({ key, inside: from, port }, to, nowMs)
  }

  #keyOf(inside: UdpEndpoint, remote: UdpEndpoint): string {
    switch (this.behaviour.mapping) {
      case 'endpoint-independent':
        return placeOf(inside)
      case 'address-dependent':
        return `${placeOf(inside)} ${remote.address}`
      case 'address-and-port-dependent':
        return `${placeOf(inside)} ${placeOf(remote)}`
    }
  }

  #passes(mapping: Mapping, from: UdpEndpoint, nowMs: number): boolean {
    switch (this.behaviour.filtering) {
      case 'endpoint-independent':
        return mapping.inside !== undefined
      case 'address-dependent':
        return this.#table.hasFlowWithAddress(mapping, from.address, nowMs)
      case 'address-and-port-dependent':
        return this.#table.hasFlow(mapping, from, nowMs)
    }
  }

  #answered(mapping: Mapping, from: UdpEndpoint, nowMs: number): void {
    if (this.behaviour.isRefreshedByInbound) this.#table.refresh(mapping, from, nowMs, true)
    else this.#table.answer(mapping, from)
  }

  #occupy(port: number, remote: UdpEndpoint, nowMs: number): void {
    const key = `router|${port} ${placeOf(remote)}`
    const entry = this.#table.find(key, nowMs)
    if (entry === undefined) this.#table.add({ key, inside: undefined, port }, remote, nowMs)
    else this.#table.refresh(entry, remote, nowMs)
  }
}
