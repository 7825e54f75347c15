/** Room on disks that files on their way will still need, so that several do not count on the same. */
import type { EventId } from '../../events/ids.ts'

export interface Claim {
  readonly volume: string
  neededBytes(): number
}

export class Claims {
  readonly #claims = new Map<EventId, Claim>()

  on(volume: string): number {
    let bytes = 0
    for (const claim of this.#claims.values()) if (claim.volume === volume) bytes += claim.neededBytes()
    return bytes
  }

  put(offer: EventId, claim: Claim): void {
    this.#claims.set(offer, claim)
  }

  drop(offer: EventId): void {
    this.#claims.delete(offer)
  }
}
