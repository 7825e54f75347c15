/**
 * Waiting until a message has come as far as somebody wants. States are ordered, so a later one satisfies an
 * earlier wish; a failure ends every wait.
 */
import type { StreamId } from '../../events/ids.ts'
import type { Clock } from '../../kernel/api/index.ts'
import type { Delivery, DeliveryBook, DeliveryState } from './text/delivery-book.ts'

const ORDER = ['queued', 'sent', 'stored', 'delivered', 'read'] as const
export type Wish = Exclude<(typeof ORDER)[number], 'queued'>

const reaches = (state: DeliveryState, wish: Wish): boolean =>
  state !== 'failed' && ORDER.indexOf(state) >= ORDER.indexOf(wish)

export interface Awaited extends Delivery {
  /** From the first datagram to the acknowledgement; undefined unless that came while waiting. */
  readonly rttMs: number | undefined
  readonly isFulfilled: boolean
}

export interface Waiting {
  readonly stream: StreamId
  readonly seq: number
  readonly wish: Wish
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

/** Resolves when the wish is fulfilled, the message failed, the time is up or the caller has gone. */
export function waitForDelivery(book: DeliveryBook, clock: Clock, waiting: Waiting): Promise<Awaited> {
  const { stream, seq, wish, timeoutMs, signal } = waiting
  return new Promise(resolve => {
    let rttMs: number | undefined
    const finish = (): void => {
      subscription.unsubscribe()
      cancel()
      signal.removeEventListener('abort', finish)
      const delivery = book.of(stream, seq)
      resolve({ ...delivery, rttMs, isFulfilled: reaches(delivery.state, wish) })
    }
    const subscription = book.delivery$.subscribe(step => {
      if (step.stream !== stream || step.below <= seq) return
      if (step.state === 'delivered') rttMs ??= step.rttMs
      if (step.state === 'failed' || reaches(step.state, wish)) finish()
    })
    const cancel = clock.after(timeoutMs, finish)
    signal.addEventListener('abort', finish)
    const { state } = book.of(stream, seq)
    if (signal.aborted || state === 'failed' || reaches(state, wish)) finish()
  })
}
