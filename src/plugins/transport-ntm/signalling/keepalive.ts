/**
 * How long a node may stay silent towards its coordinator. Too long and what stands on the way forgets it, too short and a
 * phone's battery pays. It starts with what nearly all remember: shorter when a keepalive is lost, as long as before when
 * they are answered again, and never again as long as a silence after which the address had changed.
 */
import { KEEPALIVE_MIN_MS, KEEPALIVE_MS } from './limits.ts'

export interface KeepAlivePace {
  readonly intervalMs: number
  /** No longer than this: a silence of more lost the mapping once. */
  readonly ceilingMs: number
  /** Answered at the first try since the interval last changed. */
  readonly streak: number
}

const STREAK_TO_GROW = 3
const GROWTH = 1.5
/** How far below a silence that lost the mapping the ceiling is put. */
const CEILING_SHARE = 0.75

export const FIRST_PACE: KeepAlivePace = {
  intervalMs: KEEPALIVE_MS,
  ceilingMs: KEEPALIVE_MS,
  streak: 0,
}

const clamp = (ms: number, ceilingMs: number): number => Math.min(Math.max(ms, KEEPALIVE_MIN_MS), ceilingMs)

/**
 * The pace after one keepalive: `answered` at the first try; `lost`, the first try was not; `remapped`, the
 * coordinator saw another address than before though this node did not move.
 */
export function nextPace(pace: KeepAlivePace, outcome: 'answered' | 'lost' | 'remapped'): KeepAlivePace {
  const { intervalMs, ceilingMs, streak } = pace
  if (outcome === 'lost') return { intervalMs: clamp(intervalMs / 2, ceilingMs), ceilingMs, streak: 0 }
  if (outcome === 'remapped') {
    const lower = clamp(intervalMs * CEILING_SHARE, ceilingMs)
    return { intervalMs: lower, ceilingMs: lower, streak: 0 }
  }
  if (streak + 1 < STREAK_TO_GROW) return { intervalMs, ceilingMs, streak: streak + 1 }
  return { intervalMs: clamp(intervalMs * GROWTH, ceilingMs), ceilingMs, streak: 0 }
}
