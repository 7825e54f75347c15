/**
 * All slots of a relay: by token for data, by pair and side for claims, and in the order in which they were heard
 * from, so that the ones to give up are always in front.
 */
import { TokenTable } from '../token-table.ts'
import { SLOT_LIFETIME_MS, SLOT_SPARE_MS } from './limits.ts'
import { type Slot, slotName } from './slot.ts'

export class Slots {
  readonly #max: number
  readonly #byToken = new TokenTable<Slot>()
  /** The longest unheard first. */
  readonly #byName = new Map<string, Slot>()

  constructor(max: number) {
    this.#max = max
  }

  get size(): number {
    return this.#byName.size
  }

  get pairs(): number {
    let sides = 0
    for (const { other } of this.#byName.values()) if (other !== undefined) sides += 1
    return sides / 2
  }

  /** Whose token stands at `at`. */
  find(bytes: Uint8Array, at: number): Slot | undefined {
    return this.#byToken.find(bytes, at)
  }

  named(pair: string, side: 0 | 1): Slot | undefined {
    return this.#byName.get(slotName(pair, side))
  }

  /** Takes the place of an older slot of the same side. False: all slots are taken. */
  add(slot: Slot, nowMs: number): boolean {
    const { pair, side } = slot.ticket
    const older = this.named(pair, side)
    if (older !== undefined) this.remove(older)
    if (this.size >= this.#max && !this.#giveUp(SLOT_SPARE_MS, nowMs)) return false
    const other = this.named(pair, side === 0 ? 1 : 0)
    slot.other = other
    if (other !== undefined) other.other = slot
    this.#byToken.add(slot)
    this.heard(slot, nowMs)
    return true
  }

  heard(slot: Slot, nowMs: number): void {
    const name = slotName(slot.ticket.pair, slot.ticket.side)
    slot.heardMs = nowMs
    this.#byName.delete(name)
    this.#byName.set(name, slot)
  }

  remove(slot: Slot): void {
    this.#byToken.remove(slot)
    this.#byName.delete(slotName(slot.ticket.pair, slot.ticket.side))
    if (slot.other !== undefined) slot.other.other = undefined
  }

  /** Gives up whatever has been silent for a day. */
  sweep(nowMs: number): void {
    while (this.#giveUp(SLOT_LIFETIME_MS, nowMs));
  }

  #giveUp(silentMs: number, nowMs: number): boolean {
    const [longest] = this.#byName.values()
    if (longest === undefined || nowMs - longest.heardMs < silentMs) return false
    this.remove(longest)
    return true
  }
}
