/**
 * The projection of files: every one that was offered, and how far it has come by what both sides have said. A later
 * state wins however the facts arrive, so that both sides fold the same.
 */
import type { Recorded } from '../../events/envelope.ts'
import { type DeviceId, type EventId, idFromBytes, idToBytes, type StreamId } from '../../events/ids.ts'
import type { Projection, ProjectionState } from '../../kernel/api/index.ts'
import { labelledHash } from '../../wire/hash.ts'
import { type FailureReason, FILE_EVENT_TYPES, type FileFact, readFileFact } from './file-events.ts'

/** `sending` once it was accepted. What was received has not failed, whatever was said before. */
const STATES = ['offered', 'sending', 'failed', 'done'] as const
export type FileState = (typeof STATES)[number]

export interface Offer {
  readonly id: EventId
  readonly stream: StreamId
  /** The device that has the file. */
  readonly author: DeviceId
  readonly at: number
  readonly name: string
  readonly kind: 'file' | 'folder'
  readonly bytes: number
  /** Root of the tree, hex. */
  readonly hash: string
  readonly state: FileState
  readonly reason?: FailureReason
  /** How fast it arrived. */
  readonly bytesPerSecond?: number
}

export interface OffersView extends ProjectionState {
  readonly offers: ReadonlyMap<EventId, Offer>
}

const FINGERPRINT_LABEL = 'ntm.view.files.1'

export const offersProjection: Projection<OffersView> = {
  name: 'ntm.files.offers',
  version: 1,
  types: FILE_EVENT_TYPES,
  create: () => new FoldedOffers(),
}

class FoldedOffers implements OffersView {
  readonly offers = new Map<EventId, Offer>()

  apply({ event }: Recorded): void {
    const fact = readFileFact(event)
    if (fact === undefined) return
    const { stream, author, at } = event.envelope
    if (fact.type === 'file.offered') {
      const { type: _, hash, ...told } = fact
      this.offers.set(event.id, {
        ...{ id: event.id, stream, author, at, ...told, hash: idFromBytes(hash), state: 'offered' },
      })
      return
    }
    const offer = this.offers.get(fact.offer)
    if (offer?.stream === stream) this.#advance(offer, fact, author)
  }

  fingerprint(): Uint8Array {
    const parts = [...this.offers.values()]
      .sort((one, other) => (one.id < other.id ? -1 : 1))
      .flatMap(({ id, state }) => [idToBytes(id), Uint8Array.of(STATES.indexOf(state))])
    return labelledHash(FINGERPRINT_LABEL, ...parts)
  }

  save(): Uint8Array {
    return new TextEncoder().encode(JSON.stringify([...this.offers.values()]))
  }

  load(saved: Uint8Array): void {
    for (const offer of JSON.parse(new TextDecoder().decode(saved)) as Offer[])
      this.offers.set(offer.id, offer)
  }

  #advance(offer: Offer, fact: Exclude<FileFact, { type: 'file.offered' }>, author: DeviceId): void {
    // Who offers a file cannot say for the other one that it was wanted or has arrived.
    if (fact.type !== 'file.failed' && author === offer.author) return
    const state = stateAfter(fact)
    if (STATES.indexOf(state) <= STATES.indexOf(offer.state)) return
    this.offers.set(offer.id, {
      ...offer,
      state,
      ...(fact.type === 'file.failed' ? { reason: fact.reason } : {}),
      ...(fact.type === 'file.received' && fact.bytesPerSecond !== undefined
        ? { bytesPerSecond: fact.bytesPerSecond }
        : {}),
    })
  }
}

function stateAfter(fact: Exclude<FileFact, { type: 'file.offered' }>): FileState {
  if (fact.type === 'file.received') return 'done'
  return fact.type === 'file.accepted' ? 'sending' : 'failed'
}
