/**
 * What a verification has found so far. Damage is bounded in number, because a disk that failed can have a
 * million wrong entries and the first thousand say enough.
 */
import type { DeviceId, EventId, StreamId } from '../events/ids.ts'
import { DiskError } from './disk.ts'
import { StoreError } from './store-error.ts'

/** Something that is not as it was written. */
export interface Damage {
  readonly place: string
  readonly what: string
  /** What a person can do about it. */
  readonly advice: string
}

/** An author signed two events for one place of a chain: not damage, but worth knowing. */
interface ForkFound {
  readonly stream: StreamId
  readonly author: DeviceId
  readonly seq: number
  /** The event that came second. */
  readonly id: EventId
}

export interface VerifyReport {
  /** Readable events. */
  readonly events: number
  readonly streams: number
  /** Chains: one for each author in each stream. */
  readonly chains: number
  /** Events whose data was dropped, as it may be. */
  readonly dropped: number
  readonly forks: readonly ForkFound[]
  /** Positions where an event was written and none can be read. */
  readonly gaps: number
  /**
   * Where a write begins that was never finished, as a power loss leaves it: no damage, and nobody was told of
   * it. A record that was damaged at the very end of a journal can look the same.
   */
  readonly unfinished: readonly string[]
  /** Nothing at all is damaged. */
  readonly isWhole: boolean
  /** The first of them. */
  readonly damage: readonly Damage[]
  readonly damageCount: number
}

export const ADVICE = {
  event: 'keep a copy of the log; whoever wrote or received this event still has it',
  index: 'keep a copy of the log; the event itself is not touched, only the ways to find it',
  snapshot: 'keep a copy of the log; the projection can be built again from the events',
  own: 'keep a copy of the log; a plugin has lost this entry, no event is touched',
  journal: 'nothing is lost but a line of the journal; keep a copy of the log if you want to find the cause',
  opening:
    'check that this is the right home and passphrase; keep a copy of the log before you change anything',
  disk: 'keep a copy of the log and check the disk; what is not named here is readable',
} as const

const DAMAGE_SHOWN_MAX = 1000

export class Findings {
  events = 0
  dropped = 0
  streams = 0
  chains = 0
  gaps = 0
  readonly forks: ForkFound[] = []
  readonly unfinished: string[] = []
  readonly #wording: (text: string) => string
  readonly #damage: Damage[] = []
  #damageCount = 0

  /** `wording` has the last word on places and reasons. */
  constructor(wording = (text: string): string => text) {
    this.#wording = wording
  }

  get isWhole(): boolean {
    return this.#damageCount === 0
  }

  damaged(place: string, what: string, advice: keyof typeof ADVICE): void {
    this.#damageCount += 1
    if (this.#damage.length >= DAMAGE_SHOWN_MAX) return
    this.#damage.push({ place: this.#wording(place), what: this.#wording(what), advice: ADVICE[advice] })
  }

  /** Runs one part of the verification; damage that ends it is a finding, and the next part can go on. */
  async part(place: string, advice: keyof typeof ADVICE, run: () => Promise<void>): Promise<void> {
    try {
      await run()
    } catch (error) {
      this.caught(place, error, advice)
    }
  }

  /** The value that is read, or undefined after noting why it cannot be. */
  attempt<T>(place: string, advice: keyof typeof ADVICE, read: () => T): T | undefined {
    try {
      return read()
    } catch (error) {
      this.caught(place, error, advice)
      return undefined
    }
  }

  /** Notes what the store or the disk says; anything else is a mistake of ours and goes on. */
  caught(place: string, error: unknown, advice: keyof typeof ADVICE): void {
    if (error instanceof StoreError) this.damaged(place, error.why, advice)
    else if (error instanceof DiskError) this.damaged(place, error.message, 'disk')
    else throw error
  }

  report(): VerifyReport {
    const { events, streams, chains, dropped, forks, gaps, unfinished, isWhole } = this
    const [damage, damageCount] = [this.#damage, this.#damageCount]
    return { events, streams, chains, dropped, forks, gaps, unfinished, isWhole, damage, damageCount }
  }
}
