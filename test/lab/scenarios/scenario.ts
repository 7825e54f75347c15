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
  readonly play: (stage: Stage) => Promise<void>
}

/** A text of each side every so often. */
export const BOTH = { a: 20, b: 20 } as const
export const DIRECT_TIMEOUT_MS = 25_000
