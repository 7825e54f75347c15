/**
 * The machine's own clock. This file is the only place where the program asks what time it is or arms a timer;
 * everything else is handed a Clock, so that a simulator can own time.
 */
import type { Clock } from './api/index.ts'

/** A longer delay makes setTimeout fire at once. */
const TIMER_MAX_MS = 2 ** 31 - 1

/** Delays beyond 24 days are cut to 24 days: no timer of ours is meant to wait that long. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  after: (delayMs, run) => {
    const timer = setTimeout(run, Math.min(delayMs, TIMER_MAX_MS))
    return () => clearTimeout(timer)
  },
}
