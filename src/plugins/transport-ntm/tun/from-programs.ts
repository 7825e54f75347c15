/**
 * What programs of this machine send by the device: to whom it goes, whether it may, whether it fits. No object is made for
 * a packet that goes its way.
 */
import type { Clock } from '../../../kernel/api/index.ts'
import type { Neighbour } from '../neighbour.ts'
import type { VirtualAddress } from '../net/address.ts'
import { PROTOCOL } from '../net/packet.ts'
import { isReservedPort } from '../net/ports.ts'
import type { Flows } from '../net/tun/flows.ts'
import type { Halves } from '../net/tun/halves.ts'
import { IPV6_LINK_MTU } from '../net/tun/limits.ts'
import { hasAddressAt, PacketFields, TCP } from '../net/tun/packet-fields.ts'
import { clampSegmentSize } from '../net/tun/segment-size.ts'
import type { Complaints } from './complaints.ts'
import type { TunPeer, TunPeers } from './tun-peers.ts'
import type { WaitingPackets } from './waiting-packets.ts'

export interface FromProgramsParts {
  readonly clock: Clock
  readonly own: VirtualAddress
  /** Where names are asked for. */
  readonly names: VirtualAddress
  readonly peers: TunPeers
  readonly flows: Flows
  /** Over UDP, which does not say who began. */
  readonly begunThere: Flows
  readonly complaints: Complaints
  readonly waiting: WaitingPackets
  readonly halves: Halves
  readonly neighbour: (peer: TunPeer) => Neighbour | undefined
  readonly forward: (to: Neighbour, packet: Uint8Array) => void
  /** Whether the tunnels leave from this port of UDP. */
  readonly isTunnelPort: (port: number) => boolean
  readonly ask: (packet: Uint8Array) => void
  readonly count: (reason: string) => void
}

const isMulticast = (packet: Uint8Array, { version, destinationAt }: PacketFields): boolean =>
  version === 6 ? packet[destinationAt] === 0xff : packet[destinationAt]! >= 224

export class FromPrograms {
  readonly #parts: FromProgramsParts
  readonly #fields = new PacketFields()

  constructor(parts: FromProgramsParts) {
    this.#parts = parts
  }

  /** `packet` may be changed. */
  take(packet: Uint8Array): void {
    const fields = this.#fields
    // Routers and neighbours are looked for on every link; here are none.
    if (!fields.read(packet) || isMulticast(packet, fields)) return
    if (fields.version === 4) this.#parts.complaints.about(packet, 'host')
    else if (!hasAddressAt(packet, fields.sourceAt, this.#parts.own)) this.#parts.count('tun-source')
    else if (hasAddressAt(packet, fields.destinationAt, this.#parts.names)) this.#parts.ask(packet)
    else this.#route(packet)
  }

  /** Of a packet that waited: there is a tunnel now. */
  send(peer: TunPeer, packet: Uint8Array): void {
    if (this.#fields.read(packet)) this.#carry(packet, peer)
  }

  #route(packet: Uint8Array): void {
    const { complaints, count, peers } = this.#parts
    const peer = peers.at(packet, this.#fields.destinationAt)
    if (peer === undefined) complaints.about(packet, 'host')
    else if (this.#isOfTunnel()) count('tun-in-tunnel')
    else if (!this.#isReserved()) this.#carry(packet, peer)
    else {
      count('tun-port-reserved')
      complaints.about(packet, 'prohibited')
    }
  }

  /** A peer that says it is at a virtual address would have a tunnel lead through itself. */
  #isOfTunnel(): boolean {
    const { kind, protocol, sourcePort } = this.#fields
    return kind === 'ports' && protocol === PROTOCOL.udp && this.#parts.isTunnelPort(sourcePort)
  }

  #isReserved(): boolean {
    const { kind, sourcePort, destinationPort } = this.#fields
    return kind === 'ports' && (isReservedPort(sourcePort) || isReservedPort(destinationPort))
  }

  #carry(packet: Uint8Array, peer: TunPeer): void {
    const { complaints, count, waiting } = this.#parts
    const neighbour = this.#parts.neighbour(peer)
    if (neighbour === undefined) {
      if (!waiting.add(peer, packet)) count('tun-waiting-full')
      return
    }
    const fittingBytes = Math.max(neighbour.mtuBytes, IPV6_LINK_MTU)
    if (packet.length > fittingBytes) {
      complaints.about(packet, 'too-big', fittingBytes)
      return
    }
    clampSegmentSize(packet, this.#fields, neighbour.mtuBytes)
    this.#noteFlow(packet, peer)
    this.#forward(packet, neighbour)
  }

  /** Nobody can be told that what IPv6 demands of any line is too much for this one. */
  #forward(packet: Uint8Array, neighbour: Neighbour): void {
    const { halves, forward } = this.#parts
    if (packet.length <= neighbour.mtuBytes) forward(neighbour, packet)
    else for (const half of halves.of(packet, this.#fields, neighbour.mtuBytes)) forward(neighbour, half)
  }

  /**
   * A service here which answers somebody let in begins nothing, or it would keep the way open for whoever is let in no
   * more: a connection begins with a SYN alone, and over UDP it is known what was begun there.
   */
  #noteFlow(packet: Uint8Array, peer: TunPeer): void {
    const { clock, flows, begunThere } = this.#parts
    const { kind, protocol, sourcePort, destinationPort } = this.#fields
    if (kind !== 'ports' && kind !== 'echo-request') return
    const nowMs = clock.monotonicMs()
    const isAnswer =
      protocol === TCP
        ? !this.#fields.isOpening(packet)
        : begunThere.goesOn(peer.number, protocol, sourcePort, destinationPort, nowMs)
    if (isAnswer) flows.goesOn(peer.number, protocol, sourcePort, destinationPort, nowMs)
    else flows.note(peer.number, protocol, sourcePort, destinationPort, nowMs)
  }
}
