/**
 * Deadlines by the house's own clock, so that the simulator's time counts for them too.
 */
import { ChatError } from './api/errors.ts'
import type { Clock } from './api/tokens.ts'

/** Settles as the work does, or rejects with TIMED_OUT when the deadline comes first. A late failure is nobody's. */
export const withDeadline = <T>(
  clock: Clock,
  deadlineMs: number,
  what: string,
  work: Promise<T>,
): Promise<T> =>
  new Promise((resolve, reject) => {
    const cancel = clock.after(deadlineMs, () =>
      reject(new ChatError('TIMED_OUT', `${what} took longer than ${deadlineMs / 1000} s`)),
    )
    work.then(resolve, reject).finally(cancel)
  })
