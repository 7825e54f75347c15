/**
 * What happened beside the events, as the kernel's `Journal`: for `replay` and `why`, never for deciding. The
 * store bounds it; the oldest entries go first.
 */
import type { LogStore } from '../store/log-store.ts'
import type { Clock, Journal } from './api/index.ts'
import type { Asides } from './asides.ts'
import { storeFailure } from './store-failure.ts'

export function journalOf(clock: Clock, store: Pick<LogStore, 'journal'>, asides: Asides): Journal {
  return {
    note: (what, about) => asides.note({ kind: 'note', entry: { at: clock.now(), about, what } }),
    read: async function* (about) {
      try {
        await asides.flush(false)
        yield* store.journal(about)
      } catch (error) {
        throw storeFailure(error)
      }
    },
  }
}
