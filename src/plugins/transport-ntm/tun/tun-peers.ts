/**
 * The devices that programs of this machine can reach, by virtual address and by key. Each has a route of its own, and only
 * these: a route for all of fd00::/8 would take the packets of whoever has other unique local networks behind a router.
 */
import type { PersonId, TunnelKey } from '../../../events/ids.ts'
import { idToBytes } from '../../../events/ids.ts'
import type { PeerCard } from '../../../kernel/api/index.ts'
import { IPV6_BYTES, sameAddress, type VirtualAddress, virtualIpv6 } from '../net/address.ts'
import { TUN_PEERS_MAX } from '../net/tun/limits.ts'
import { hasAddressAt } from '../net/tun/packet-fields.ts'

export interface TunPeer {
  /** 24 bits, and nobody else's for a long time. */
  readonly number: number
  readonly card: PeerCard
  readonly address: VirtualAddress
  /** Its packets reach programs that have not asked for them. */
  mayComeIn: boolean
  /** The last packets in pieces whose first piece was let in. */
  readonly fragmentIds: number[]
  /** Monotonic ms before which nobody looks for it again. */
  unreachableUntilMs: number
}

export interface TunPeersParts {
  readonly own: VirtualAddress
  readonly isAllowed: (person: PersonId) => boolean
  /** It could come in, and cannot any more. */
  readonly shutOut: (peer: TunPeer) => void
  readonly route: (to: VirtualAddress, isThere: boolean) => void
}

/** An address is a hash already: 30 bits of it, which fit into a small integer, tell most of them apart. */
const shortOf = (packet: Uint8Array, at: number): number =>
  ((packet[at + 12]! << 22) | (packet[at + 13]! << 14) | (packet[at + 14]! << 6) | (packet[at + 15]! >>> 2)) &
  0x3fff_ffff

export class TunPeers {
  readonly #parts: TunPeersParts
  readonly #byKey = new Map<TunnelKey, TunPeer>()
  readonly #byShort = new Map<number, TunPeer[]>()
  #last = 0

  constructor(parts: TunPeersParts) {
    this.#parts = parts
  }

  /** Undefined where there are too many already, and for this device itself. */
  add(card: PeerCard): TunPeer | undefined {
    const known = this.#byKey.get(card.tunnelKey)
    if (known !== undefined) return known
    const address = virtualIpv6(idToBytes(card.tunnelKey))
    if (this.#byKey.size >= TUN_PEERS_MAX || sameAddress(address, this.#parts.own)) return undefined
    this.#last = (this.#last + 1) & 0xff_ffff
    const number = this.#last
    const mayComeIn = this.#parts.isAllowed(card.person)
    const peer = {
      ...{ number, card, address, mayComeIn, fragmentIds: [] },
      unreachableUntilMs: Number.NEGATIVE_INFINITY,
    }
    this.#byKey.set(card.tunnelKey, peer)
    const short = shortOf(address, 0)
    this.#byShort.set(short, [...(this.#byShort.get(short) ?? []), peer])
    this.#parts.route(address, true)
    return peer
  }

  remove(key: TunnelKey): void {
    const peer = this.#byKey.get(key)
    if (peer === undefined) return
    this.#byKey.delete(key)
    const short = shortOf(peer.address, 0)
    const others = (this.#byShort.get(short) ?? []).filter(other => other !== peer)
    if (others.length === 0) this.#byShort.delete(short)
    else this.#byShort.set(short, others)
    this.#parts.route(peer.address, false)
  }

  /** Who may come in is decided anew. */
  judge(person: PersonId): void {
    const mayComeIn = this.#parts.isAllowed(person)
    for (const peer of this.#byKey.values()) {
      if (peer.card.person !== person) continue
      const isShutOut = peer.mayComeIn && !mayComeIn
      peer.mayComeIn = mayComeIn
      if (!isShutOut) continue
      peer.fragmentIds.length = 0
      this.#parts.shutOut(peer)
    }
  }

  all(): readonly TunPeer[] {
    return [...this.#byKey.values()]
  }

  of(key: TunnelKey): TunPeer | undefined {
    return this.#byKey.get(key)
  }

  /** Whose address a packet has at this place. */
  at(packet: Uint8Array, at: number): TunPeer | undefined {
    if (at + IPV6_BYTES > packet.length) return undefined
    const some = this.#byShort.get(shortOf(packet, at))
    if (some === undefined) return undefined
    for (let i = 0; i < some.length; i++) if (hasAddressAt(packet, at, some[i]!.address)) return some[i]
    return undefined
  }
}
