/**
 * Deadlines by the house's own clock, so that the simulator's time counts for them too.
 */
import { ChatError } from './api/errors.ts'
import type { Clock } from './api/tokens.ts'

/**
 * Settles as the work does, or rejects: with TIMED_OUT when the deadline comes first, with PLUGIN_FAILED when the
 * signal aborts first. A failure of the work that comes later is nobody's.
 */
export const withDeadline = async <T>(
  clock: Clock,
  deadlineMs: number,
  what: string,
  work: Promise<T>,
  signal?: AbortSignal,
): Promise<T> => {
  let cancel = (): void => {}
  const overrun = new Promise<never>((_, reject) => {
    const late = new ChatError('TIMED_OUT', `${what} took longer than ${deadlineMs / 1000} s`)
    cancel = clock.after(deadlineMs, () => reject(late))
  })
  try {
    return await untilAborted(signal, Promise.race([work, overrun]))
  } finally {
    cancel()
  }
}

/** Settles as the work does, or rejects with PLUGIN_FAILED when the plugin that does it is withdrawn. */
export const untilAborted = async <T>(signal: AbortSignal | undefined, work: Promise<T>): Promise<T> => {
  if (!signal) return work
  let abort = (): void => {}
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(new ChatError('PLUGIN_FAILED', 'the plugin was withdrawn meanwhile'))
    if (signal.aborted) abort()
    else signal.addEventListener('abort', abort, { once: true })
  })
  try {
    return await Promise.race([work, aborted])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}
