/** What a scenario is: a network, what happens on it while two people talk, and what they should notice of it. */
import type { CellOptions } from '../people/cell.ts'
import type { Network } from '../topology/network.ts'
import type { Stage } from './stage.ts'

export interface Scenario {
  /** A sentence about what the two people experience. */
  readonly name: string
  readonly cell: CellOptions
  /** What is so before anybody is up. */
  readonly before?: (network: Network) => Promise<unknown>
  /** How long they are cut off, whatever the program does. */
  readonly outageMs?: number
  /** The longest silence beyond that, and the longest time that one text takes, to reach. */
  readonly aimMs: number
  /** What is to be reached besides, in words. */
  readonly besides?: string
  readonly play: (stage: Stage) => Promise<void>
}

/** Several scenarios share a crowded machine, and red should be what is broken: borne is twice the aim and this. */
export const CROWDED_MS = 1_500
export const generously = (aimMs: number): number => 2 * aimMs + CROWDED_MS

/** More is a failure. */
export const silenceMaxMs = ({ outageMs = 0, aimMs }: Scenario): number => outageMs + generously(aimMs)

/** The figures to reach; printed beside what was measured. */
export const aimText = ({ outageMs = 0, aimMs, besides }: Scenario): string => {
  const silence = aimMs === 0 ? 'no silence' : `a silence of at most ${aimMs} ms`
  const beyond = outageMs === 0 ? '' : ` beyond the ${outageMs} ms of the outage`
  return `${silence}${beyond}${besides === undefined ? '' : `, ${besides}`}`
}

/** A round trip and the time in which a silence is noticed, between neighbours on short lines. */
export const NOTICED_MS = 310
/** Another relay is asked for, or the one of before comes back. */
export const RELAY_AGAIN_MS = 3_000
/** What was a black hole lets packets through again. */
export const DIRECT_AGAIN_MS = 5_000

/** A text of each side every so often. */
export const BOTH = { a: 20, b: 20 } as const
export const DIRECT_TIMEOUT_MS = 25_000
