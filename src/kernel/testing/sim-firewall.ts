/**
 * A stateful firewall as a machine: it translates nothing, and lets in only what answers something that went out.
 * It is what stands before IPv6 in a home.
 */

import { NAT_KINDS } from './nat-kinds.ts'
import { NatTable, placeOf } from './nat-table.ts'
import type { Gateway, Packet } from './sim-segment.ts'

export class SimFirewall implements Gateway {
  readonly address = undefined
  readonly #table = new NatTable(NAT_KINDS.home.capacity, NAT_KINDS.home)
  #isBlocked = false

  /** The most pairs of endpoints that it had to remember at once. */
  get peak(): number {
    return this.#table.peak
  }

  /** No datagram passes any more, or again. */
  block(isBlocked = true): void {
    this.#isBlocked = isBlocked
  }

  outbound(packet: Packet, nowMs: number): Packet | undefined {
    const { from, to } = packet
    const key = placeOf(from)
    if (this.#isBlocked) return undefined
    const entry =
      this.#table.find(key, nowMs) ?? this.#table.add({ key, inside: from, port: from.port }, to, nowMs)
    return entry !== undefined && this.#table.refresh(entry, to, nowMs) ? packet : undefined
  }

  inbound(packet: Packet, nowMs: number): Packet | undefined {
    const { from, to } = packet
    const entry = this.#table.find(placeOf(to), nowMs)
    if (this.#isBlocked || entry === undefined || !this.#table.hasFlow(entry, from, nowMs)) return undefined
    this.#table.refresh(entry, from, nowMs, true)
    return packet
  }
}
