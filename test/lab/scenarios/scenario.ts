/** What a scenario is: a network, and what happens on it while two people talk. */
import type { Need } from '../needs.ts'
import type { CellOptions } from '../people/cell.ts'
import type { Stage } from './stage.ts'

export interface Scenario {
  /** A sentence about what the two people experience. */
  readonly name: string
  readonly cell: CellOptions
  readonly needs: readonly Need[]
  /** The figure to reach, in words; it is printed beside what was measured. */
  readonly aim: string
  /** The longest silence, and the longest time that one text takes, that is not a failure. */
  readonly silenceMaxMs: number
  readonly play: (stage: Stage) => Promise<void>
}

/**
 * What is judged is three times the aim, and never less than a second and a half: several scenarios share a crowded machine, and
 * red should be what is broken. What was reached is printed.
 */
export const generously = (aimMs: number): number => Math.max(1_500, 3 * aimMs)
/** A round trip and the time in which a silence is noticed, between neighbours on short lines. */
export const NOTICED_MS = 310
/** Another relay is asked for, or the one of before comes back. */
export const RELAY_AGAIN_MS = 3_000

/** A text of each side every so often. */
export const BOTH = { a: 20, b: 20 } as const
export const DIRECT_TIMEOUT_MS = 25_000
