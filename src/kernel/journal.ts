/**
 * What happened beside the events, as the kernel's `Journal`: for `replay` and `why`, never for deciding. The
 * store bounds it; the oldest entries go first.
 */
import { isId } from '../events/ids.ts'
import type { LogStore } from '../store/log-store.ts'
import type { Clock, Journal } from './api/index.ts'
import type { Asides } from './asides.ts'
import { storeFailure } from './store-failure.ts'

/** `tell` hears of what is about nobody in particular: that concerns whoever runs the device. */
export function journalOf(
  clock: Clock,
  store: Pick<LogStore, 'journal'>,
  asides: Asides,
  tell: (what: string) => void = () => undefined,
): Journal {
  return {
    note: (what, about) => {
      // One entry that cannot be written would make every commit fail that it waits to join.
      if (typeof what !== 'string' || (about !== undefined && !isId(about)))
        throw new TypeError('the journal keeps one line of text about an event or a device')
      asides.note({ kind: 'note', entry: { at: clock.now(), about, what } })
      if (about === undefined) tell(what)
    },
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
