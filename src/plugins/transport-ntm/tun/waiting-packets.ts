/**
 * Packets of programs that name somebody to whom there is no tunnel yet: one is built, and a few of them wait for it. The
 * first is what matters, a SYN or a question; what comes after it is sent again by whoever sent it.
 */
import type { Clock, PeerCard } from '../../../kernel/api/index.ts'
import { UNREACHABLE_FOR_MS, WAITING_PACKETS_MAX, WAITING_PEERS_MAX } from '../net/tun/limits.ts'
import type { TunPeer } from './tun-peers.ts'

export interface WaitingParts {
  readonly clock: Clock
  readonly reach: (card: PeerCard) => Promise<{ readonly up: boolean }>
  readonly send: (peer: TunPeer, packet: Uint8Array) => void
  /** There is no way; for a packet that waited, and for those that come soon after. */
  readonly refuse: (packet: Uint8Array) => void
}

export class WaitingPackets {
  readonly #parts: WaitingParts
  readonly #byPeer = new Map<TunPeer, Uint8Array[]>()

  constructor(parts: WaitingParts) {
    this.#parts = parts
  }

  /** False: it is lost, because too many wait. */
  add(peer: TunPeer, packet: Uint8Array): boolean {
    const waiting = this.#byPeer.get(peer)
    if (waiting !== undefined) {
      if (waiting.length >= WAITING_PACKETS_MAX) return false
      waiting.push(packet.slice())
      return true
    }
    if (this.#parts.clock.monotonicMs() < peer.unreachableUntilMs) {
      this.#parts.refuse(packet)
      return true
    }
    if (this.#byPeer.size >= WAITING_PEERS_MAX) return false
    this.#byPeer.set(peer, [packet.slice()])
    void this.#build(peer)
    return true
  }

  clear(): void {
    this.#byPeer.clear()
  }

  async #build(peer: TunPeer): Promise<void> {
    const { clock, reach, refuse, send } = this.#parts
    const { up } = await reach(peer.card).catch(() => ({ up: false }))
    const waiting = this.#byPeer.get(peer) ?? []
    this.#byPeer.delete(peer)
    if (!up) peer.unreachableUntilMs = clock.monotonicMs() + UNREACHABLE_FOR_MS
    for (const packet of waiting) up ? send(peer, packet) : refuse(packet)
  }
}
