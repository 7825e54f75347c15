/**
 * Deadlines by the house's own clock, so that the simulator's time counts for them too.
 */
import { ChatError } from './api/errors.ts'
import type { Clock } from './api/tokens.ts'

/**
 * Settles as the work does, or rejects with TIMED_OUT when the deadline comes first. A failure of the work that
 * comes later is nobody's.
 */
export const withDeadline = async <T>(
  clock: Clock,
  deadlineMs: number,
  what: string,
  work: Promise<T>,
): Promise<T> => {
  let cancel = (): void => {}
  const overrun = new Promise<never>((_, reject) => {
    const late = new ChatError('TIMED_OUT', `${what} took longer than ${deadlineMs / 1000} s`)
    cancel = clock.after(deadlineMs, () => reject(late))
  })
  try {
    return await Promise.race([work, overrun])
  } finally {
    cancel()
  }
}
