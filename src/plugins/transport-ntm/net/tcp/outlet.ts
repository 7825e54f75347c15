/**
 * Where segments leave: one buffer to build packets in and one segment to fill, for all connections of a stack.
 */
import type { VirtualAddress } from '../address.ts'
import { PACKET_MAX_BYTES } from './limits.ts'
import { FLAG, Segment, writeTcp, writeTcpHeaders } from './segment.ts'

/** Takes a whole IP packet. Both are valid during the call only. */
export type Emit = (packet: Uint8Array, to: VirtualAddress) => void

export class Outlet {
  readonly out = new Uint8Array(PACKET_MAX_BYTES)
  readonly segment = new Segment()
  readonly #emit: Emit
  /** The part of the buffer that went out last: most packets are as long as the one before. */
  #packet: Uint8Array = this.out
  segments = 0
  resets = 0

  constructor(emit: Emit) {
    this.#emit = emit
  }

  /** Sends `segment`, whose payload of so many bytes stands in `out` already. */
  send(source: VirtualAddress, destination: VirtualAddress, payloadBytes: number): void {
    const { out, segment } = this
    const bytes =
      payloadBytes === 0
        ? writeTcp(out, source, destination, segment)
        : writeTcpHeaders(out, source, destination, segment, payloadBytes)
    if (this.#packet.length !== bytes) this.#packet = this.out.subarray(0, bytes)
    this.segments++
    this.#emit(this.#packet, destination)
  }

  /** Answers a segment that belongs to nothing (RFC 9293 §3.5.2), which takes 20 bytes, as few as any segment. */
  reset(to: Segment, source: VirtualAddress, destination: VirtualAddress): void {
    const { segment } = this
    if (to.has(FLAG.ack)) segment.set(to.destinationPort, to.sourcePort, to.ack, 0, FLAG.rst)
    else segment.set(to.destinationPort, to.sourcePort, 0, (to.seq + to.length) >>> 0, FLAG.rst | FLAG.ack)
    this.resets++
    this.send(source, destination, 0)
  }
}
