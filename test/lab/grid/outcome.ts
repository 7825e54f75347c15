/**
 * What a run of a cell came to, and what is wrong with it. Times count from when somebody could answer: the caller
 * had asked and the other was up.
 */
import type { How } from './cells.ts'

/** How two met. */
export interface Meeting {
  /** Null when the text did not arrive in time. */
  readonly deliveredMs: number | null
  /** How it went. */
  readonly path: 'direct' | 'relay' | null
  /** Null when the path was not direct in time. */
  readonly directMs: number | null
}

export interface Again extends Meeting {
  readonly anew: 'caller' | 'called'
}

export interface Outcome extends Meeting {
  readonly staggerMs: number
  /** Right afterwards one of them started anew, while the other stayed up. */
  readonly again?: Again
  /** Sentences; empty when both have what both said. */
  readonly broken: readonly string[]
}

/** Where a direct path takes guessing, so that chance and limits on tries have a say. */
export const isGuessed = (how: How): boolean => how === 'B' || how === 'P'

export const isRelayed = (how: How): boolean => how === 'R' || how === 'R?'

/** What is wrong with a meeting, as sentences. */
export function faultsOfMeeting(how: How, { deliveredMs, path, directMs }: Meeting): readonly string[] {
  const faults: string[] = []
  if (deliveredMs === null) faults.push('the text did not arrive')
  if (!isRelayed(how) && directMs === null) faults.push('the path did not become direct')
  if (how === 'R' && directMs !== null) faults.push('the path became direct, which it cannot: see the rules')
  if (how === 'R' && deliveredMs !== null && path !== 'relay') faults.push(`the text went by ${path}`)
  return faults
}

/** What is wrong with a first meeting and with all that was said in the run. */
export const faultsOf = (how: How, outcome: Outcome): readonly string[] => [
  ...outcome.broken,
  ...faultsOfMeeting(how, outcome),
]
