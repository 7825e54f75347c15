/**
 * Whoever is at the other end of a tunnel of ours. Packets are handed up with it and down to it, so that a packet costs
 * no look-up; what is noted of it here is what all who look after a session ask: when it was heard, from where, and when
 * anything was said that is not about the tunnel itself.
 */
import type { TunnelKey } from '../../events/ids.ts'
import type { UdpEndpoint } from '../../kernel/api/index.ts'
import { virtualIpv6 } from './net/address.ts'
import { INNER_MTU } from './net/limits.ts'
import type { Sender } from './net/stack.ts'
import type { TunnelPeer } from './tunnel/peer.ts'

/** Traffic after so long without any is news. */
const QUIET_MS = 1_000

export type Way = 'sentMs' | 'receivedMs'

/** The other end of a tunnel, with what its key proves: the one address that its packets may bear. */
export class Neighbour implements Sender {
  readonly peer: TunnelPeer
  readonly allowed: readonly [Uint8Array]
  /** Monotonic ms of the last packet that came out of its tunnel. */
  heardMs: number | undefined
  /** Where that packet came from. */
  source: UdpEndpoint | undefined
  /** The last that came from where packets go to. */
  heardHereMs = Number.NEGATIVE_INFINITY
  /** The last packets, either way, that were not about the tunnel itself. */
  sentMs = Number.NEGATIVE_INFINITY
  receivedMs = Number.NEGATIVE_INFINITY
  /** The last that was sent and is longer than what every path carries. */
  largeSentMs = Number.NEGATIVE_INFINITY
  /** The longest packet that goes to it, as far as is known of its path: `Carrier.setMtu` sets it. */
  mtuBytes = INNER_MTU

  constructor(peer: TunnelPeer) {
    this.peer = peer
    this.allowed = [virtualIpv6(peer.publicKey)]
  }

  get key(): TunnelKey {
    return this.peer.id
  }

  get address(): Uint8Array {
    return this.allowed[0]
  }

  /** The last packet, either way, that was not about the tunnel itself. */
  get talkedMs(): number {
    return Math.max(this.sentMs, this.receivedMs)
  }

  /** For how long nothing was said either way, if nothing was this way for a while. */
  noteTalk(way: Way, nowMs: number): number | undefined {
    const quietMs = nowMs - this.talkedMs
    const wasQuiet = nowMs - this[way] > QUIET_MS
    this[way] = nowMs
    return wasQuiet ? quietMs : undefined
  }
}
