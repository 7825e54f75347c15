/**
 * All slots of a relay: by token for data, by pair and side for claims, and in the order in which they were heard
 * from, so that the ones to give up are always in front. Nobody has more than a share of them.
 */
import { TokenTable } from '../token-table.ts'
import {
  HOLDER_SHARE,
  NETWORK_SHARE,
  SHARE_LEAST,
  SLOT_LIFETIME_MS,
  SLOT_SPARE_MS,
  SLOT_SPARE_OF_SHARE_MS,
} from './limits.ts'
import { Shares } from './shares.ts'
import { type Slot, slotName } from './slot.ts'

/** Why there is no slot for somebody with a good ticket. */
export type NoRoom = 'slots-full' | 'share-full'

export class Slots {
  readonly #max: number
  readonly #byToken = new TokenTable<Slot>()
  /** The longest unheard first. */
  readonly #byName = new Map<string, Slot>()
  readonly #ofHolders: Shares<Slot>
  readonly #ofNetworks: Shares<Slot>

  constructor(max: number) {
    this.#max = max
    this.#ofHolders = new Shares(Math.max(SHARE_LEAST, Math.floor(max * HOLDER_SHARE)))
    this.#ofNetworks = new Shares(Math.max(SHARE_LEAST, Math.floor(max * NETWORK_SHARE)))
  }

  get size(): number {
    return this.#byName.size
  }

  get pairs(): number {
    let sides = 0
    for (const { other } of this.#byName.values()) if (other !== undefined) sides += 1
    return sides / 2
  }

  all(): Iterable<Slot> {
    return this.#byName.values()
  }

  /** Whose token stands at `at`. */
  find(bytes: Uint8Array, at: number): Slot | undefined {
    return this.#byToken.find(bytes, at)
  }

  named(pair: string, side: 0 | 1): Slot | undefined {
    return this.#byName.get(slotName(pair, side))
  }

  /** Takes the place of an older slot of the same side. Tells why there is no room, or nothing. */
  add(slot: Slot, nowMs: number): NoRoom | undefined {
    const { pair, side } = slot.ticket
    const older = this.named(pair, side)
    if (older !== undefined) this.remove(older)
    else {
      const noRoom = this.#makeRoom(slot, nowMs)
      if (noRoom !== undefined) return noRoom
    }
    const other = this.named(pair, side === 0 ? 1 : 0)
    slot.other = other
    if (other !== undefined) other.other = slot
    this.#byToken.add(slot)
    this.heard(slot, nowMs)
    return undefined
  }

  heard(slot: Slot, nowMs: number): void {
    const name = slotName(slot.ticket.pair, slot.ticket.side)
    slot.heardMs = nowMs
    this.#byName.delete(name)
    this.#byName.set(name, slot)
    this.#ofHolders.heard(slot.ticket.holder, slot)
    this.#ofNetworks.heard(slot.network, slot)
  }

  remove(slot: Slot): void {
    this.#byToken.remove(slot)
    this.#byName.delete(slotName(slot.ticket.pair, slot.ticket.side))
    this.#ofHolders.remove(slot.ticket.holder, slot)
    this.#ofNetworks.remove(slot.network, slot)
    if (slot.other !== undefined) slot.other.other = undefined
  }

  /** Gives up whatever has been silent for a day. */
  sweep(nowMs: number): void {
    while (this.#giveUp(this.#longestUnheard, SLOT_LIFETIME_MS, nowMs));
  }

  get #longestUnheard(): Slot | undefined {
    const [longest] = this.#byName.values()
    return longest
  }

  /**
   * A holder that has its share gives up one of its own; a network one that is idle; all together one long idle.
   * Nothing is given up unless the new slot comes of it.
   */
  #makeRoom({ ticket, network }: Slot, nowMs: number): NoRoom | undefined {
    const [holders, networks] = [this.#ofHolders, this.#ofNetworks]
    const own = holders.isFull(ticket.holder) ? holders.longestUnheard(ticket.holder) : undefined
    const isShareFull = networks.isFull(network) && own?.network !== network
    const ofNetwork = isShareFull ? networks.longestUnheard(network) : undefined
    if (isShareFull && !isSilent(ofNetwork, SLOT_SPARE_OF_SHARE_MS, nowMs)) return 'share-full'
    const isFull = this.size >= this.#max && own === undefined && ofNetwork === undefined
    const ofAll = isFull ? this.#longestUnheard : undefined
    if (isFull && !isSilent(ofAll, SLOT_SPARE_MS, nowMs)) return 'slots-full'
    for (const slot of [own, ofNetwork, ofAll]) if (slot !== undefined) this.remove(slot)
    return undefined
  }

  #giveUp(slot: Slot | undefined, silentMs: number, nowMs: number): boolean {
    if (!isSilent(slot, silentMs, nowMs)) return false
    this.remove(slot)
    return true
  }
}

const isSilent = (slot: Slot | undefined, silentMs: number, nowMs: number): slot is Slot =>
  slot !== undefined && nowMs - slot.heardMs >= silentMs
