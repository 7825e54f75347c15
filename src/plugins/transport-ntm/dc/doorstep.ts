/**
 * Requests from a place where a node has not shown to be yet. Its key is proved, the source of a packet is not: whoever
 * may forge it could have the coordinator tell others to look for that node at a victim's address. So they wait for the
 * one round trip that a challenge takes; who does not answer it asked for nothing.
 */
import type { UdpEndpoint } from '../../../kernel/api/index.ts'
import type { Neighbour } from '../neighbour.ts'
import { copyOf, sameEndpoint } from '../tunnel/endpoint.ts'

/** A request in all of its parts. */
const WAITING_MAX = 8

interface Waiting {
  readonly at: UdpEndpoint
  readonly datagrams: Uint8Array[]
}

export class Doorstep {
  /** Gone with the neighbour. */
  readonly #waiting = new WeakMap<Neighbour, Waiting>()

  /** Whether a datagram of this neighbour came from where it has shown to be; if not, a copy waits. */
  passes(from: Neighbour, at: UdpEndpoint, bytes: Uint8Array): boolean {
    const { endpoint } = from.peer
    if (endpoint !== undefined && sameEndpoint(endpoint, at)) return true
    const before = this.#waiting.get(from)
    const isSame = before !== undefined && sameEndpoint(before.at, at)
    const datagrams = isSame ? before.datagrams : []
    if (!isSame) this.#waiting.set(from, { at: copyOf(at), datagrams })
    if (datagrams.length < WAITING_MAX) datagrams.push(new Uint8Array(bytes))
    return false
  }

  /** It has shown to be where its packets go now; what waited from there. */
  admit(from: Neighbour): readonly Uint8Array[] {
    const waiting = this.#waiting.get(from)
    this.#waiting.delete(from)
    const { endpoint } = from.peer
    const isThere = waiting !== undefined && endpoint !== undefined && sameEndpoint(waiting.at, endpoint)
    return isThere ? waiting.datagrams : []
  }
}
