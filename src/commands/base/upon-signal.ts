/**
 * What stays ends in order by a signal: by Ctrl-C, by whoever supervises it, and when its terminal is gone, so that it
 * can still tell those who rely on it.
 */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** A second one ends it at once; but who loses a terminal is told so twice, by the system and by the shell. */
export const uponSignal = (end: () => unknown): void => {
  for (const signal of SIGNALS) process.once(signal, end)
  process.on('SIGHUP', () => undefined)
}
