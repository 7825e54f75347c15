/**
 * What comes out of a tunnel and is for a program of this machine rather than for the node. Whoever was not let in may only
 * answer; what else comes from there goes the way of a node without a device, which says that nobody listens.
 */
import type { Clock } from '../../../kernel/api/index.ts'
import type { Neighbour } from '../neighbour.ts'
import type { VirtualAddress } from '../net/address.ts'
import { INNER_MTU } from '../net/limits.ts'
import { PROTOCOL } from '../net/packet.ts'
import { isReservedPort } from '../net/ports.ts'
import type { Flows } from '../net/tun/flows.ts'
import { FRAGMENTED_MAX } from '../net/tun/limits.ts'
import { hasAddressAt, PacketFields } from '../net/tun/packet-fields.ts'
import { clampSegmentSize } from '../net/tun/segment-size.ts'
import type { TunPeer, TunPeers } from './tun-peers.ts'

export interface ToProgramsParts {
  readonly clock: Clock
  readonly own: VirtualAddress
  readonly peers: TunPeers
  readonly flows: Flows
  /** Over UDP, which does not say who began. */
  readonly begunThere: Flows
  readonly write: (packet: Uint8Array) => void
}

const ICMP_HEADER_BYTES = 8

export class ToPrograms {
  readonly #parts: ToProgramsParts
  readonly #fields = new PacketFields()
  readonly #quoted = new PacketFields()

  constructor(parts: ToProgramsParts) {
    this.#parts = parts
  }

  /** True: a program has it. The packet may be changed then. False: it is the node's to judge. */
  take(packet: Uint8Array, from: Neighbour): boolean {
    const fields = this.#fields
    const peer = this.#parts.peers.of(from.key)
    if (peer === undefined || !fields.read(packet) || fields.version !== 6) return false
    if (!hasAddressAt(packet, fields.sourceAt, from.address)) return false
    if (!hasAddressAt(packet, fields.destinationAt, this.#parts.own)) return false
    if (!this.#isForPrograms(packet, peer)) return false
    clampSegmentSize(packet, fields, from.mtuBytes)
    this.#parts.write(packet)
    return true
  }

  #isForPrograms(packet: Uint8Array, peer: TunPeer): boolean {
    const { kind, sourcePort, destinationPort } = this.#fields
    switch (kind) {
      case 'ports':
        if (isReservedPort(sourcePort) || isReservedPort(destinationPort)) return false
        return this.#isLetInWhole(peer, this.#isLetIn(peer))
      case 'echo-reply':
        return this.#isLetInWhole(peer, this.#isAnswer(peer))
      case 'echo-request':
        // The node answers what it can, whoever asks.
        return peer.mayComeIn && (packet.length > INNER_MTU || this.#fields.isFragment)
      case 'icmp-error':
        return this.#isAboutOwnFlow(packet, peer)
      case 'icmp-other':
        return false
      case 'other':
        return peer.mayComeIn || this.#isLaterPiece(peer)
    }
  }

  #isLetIn(peer: TunPeer): boolean {
    const isAnswer = this.#isAnswer(peer)
    const isLetIn = isAnswer || peer.mayComeIn
    if (isLetIn && !isAnswer) this.#noteBegun(peer)
    return isLetIn
  }

  /** The ports, or the number of an echo, stand in the first piece of a packet only. */
  #isLetInWhole(peer: TunPeer, isLetIn: boolean): boolean {
    const { isFragment, fragmentId } = this.#fields
    if (!isLetIn || !isFragment || peer.fragmentIds.includes(fragmentId)) return isLetIn
    peer.fragmentIds.push(fragmentId)
    if (peer.fragmentIds.length > FRAGMENTED_MAX) peer.fragmentIds.shift()
    return true
  }

  #noteBegun(peer: TunPeer): void {
    const { clock, begunThere } = this.#parts
    const { protocol, sourcePort, destinationPort } = this.#fields
    if (protocol === PROTOCOL.udp)
      begunThere.note(peer.number, protocol, destinationPort, sourcePort, clock.monotonicMs())
  }

  #isLaterPiece(peer: TunPeer): boolean {
    return this.#fields.isLater && peer.fragmentIds.includes(this.#fields.fragmentId)
  }

  #isAnswer(peer: TunPeer): boolean {
    const { protocol, sourcePort, destinationPort } = this.#fields
    return this.#goesOn(peer, protocol, destinationPort, sourcePort)
  }

  /**
   * An error quotes the packet that it is about: sent from here to whoever complains, because nobody stands between the
   * two, so its ports are the other way round.
   */
  #isAboutOwnFlow(packet: Uint8Array, peer: TunPeer): boolean {
    const quoted = this.#quoted
    if (!quoted.read(packet, this.#fields.payloadAt + ICMP_HEADER_BYTES, false)) return false
    if (quoted.version !== 6 || !hasAddressAt(packet, quoted.sourceAt, this.#parts.own)) return false
    if (!hasAddressAt(packet, quoted.destinationAt, peer.address)) return false
    if (quoted.kind !== 'ports' && quoted.kind !== 'echo-request') return false
    const { sourcePort, destinationPort, protocol } = quoted
    if (isReservedPort(sourcePort) || isReservedPort(destinationPort)) return false
    return peer.mayComeIn || this.#goesOn(peer, protocol, sourcePort, destinationPort)
  }

  #goesOn(peer: TunPeer, protocol: number, here: number, there: number): boolean {
    const { clock, flows } = this.#parts
    return flows.goesOn(peer.number, protocol, here, there, clock.monotonicMs())
  }
}
