/**
 * How busy the machine is, whoever uses it. What is heavy about a run is its start; so starts are let through one by
 * one, when the processors have been idle for the better part of a moment, and disturb the runs that are being timed
 * little, however many there are.
 */
import { cpus } from 'node:os'

const LOOK_MS = 150
const BUSY_SHARE_MAX = 0.5
/** A machine that others keep busy does not get calmer by waiting. */
const PATIENCE_MS = 1_000

/** Begins to look at how busy the processors are. Tells the share since then. */
export function watchProcessors(): () => number {
  const total = () =>
    cpus().reduce(
      (sum, { times }) => {
        const all = Object.values(times).reduce((one, other) => one + other)
        return { all: sum.all + all, idle: sum.idle + times.idle }
      },
      { all: 0, idle: 0 },
    )
  const before = total()
  return () => {
    const now = total()
    const all = now.all - before.all
    return all === 0 ? 0 : 1 - (now.idle - before.idle) / all
  }
}

const sleep = (ms: number): Promise<void> => new Promise(done => setTimeout(done, ms))

const untilCalm = async (): Promise<void> => {
  for (let waitedMs = 0; waitedMs < PATIENCE_MS; waitedMs += LOOK_MS) {
    const busyShare = watchProcessors()
    await sleep(LOOK_MS)
    if (busyShare() < BUSY_SHARE_MAX) return
  }
}

let lastTurn = Promise.resolve()

/** Resolves when something heavy may start. */
export const turnToStart = (): Promise<void> => {
  lastTurn = lastTurn.then(untilCalm)
  return lastTurn
}
