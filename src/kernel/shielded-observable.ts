/**
 * An observable as it is given to a plugin. What a subscriber throws ends the process in rxjs, on a tick of its
 * own where nobody can catch it; so every handler is wrapped before it is subscribed, also behind a `pipe`, and
 * an error that no handler takes is the end of the plugin and not of the house.
 */
import { isObservable, Observable, type Observer, type Subscriber, type Subscription } from 'rxjs'

/** The plugin's fence, as the subscriptions need it. */
export interface Ward {
  /** Runs a piece of the plugin; never throws. */
  shield(run: () => void): void
  /** A subscription died with an error for which the plugin has no handler. */
  died(error: unknown): void
  /** Ends the subscription when the plugin leaves; nothing is left of it once it has ended by itself. */
  hold(subscription: Subscription): void
}

type Observing<T> = Partial<Observer<T>> | ((value: T) => void) | null

/** The links of a chain of operators, also of another copy of rxjs; what comes at its end is wrapped already. */
const isLink = <T>(observer: Observing<T> | undefined): observer is Subscriber<T> =>
  typeof observer === 'object' && observer !== null && 'unsubscribe' in observer && 'add' in observer

export class ShieldedObservable<T> extends Observable<T> {
  readonly #source: Observable<T>
  readonly #ward: Ward

  constructor(source: Observable<T>, ward: Ward) {
    super()
    this.#source = source
    this.#ward = ward
  }

  override subscribe(
    observing?: Observing<T>,
    error?: ((error: unknown) => void) | null,
    complete?: (() => void) | null,
  ): Subscription {
    const given = typeof observing === 'function' ? { next: observing } : observing
    const observer = isLink(given) ? given : this.#wrapped({ ...handlers(error, complete), ...bound(given) })
    const subscription = this.#source.subscribe(observer)
    this.#ward.hold(subscription)
    return subscription
  }

  // biome-ignore lint/suspicious/noExplicitAny: one signature for the many of rxjs, which check the caller.
  override pipe(...operators: any[]): any {
    const made: unknown = super.pipe(...(operators as []))
    return made !== this && isObservable(made) ? new ShieldedObservable(made, this.#ward) : made
  }

  #wrapped({ next, error, complete }: Partial<Observer<T>>): Partial<Observer<T>> {
    const ward = this.#ward
    return {
      next: value => ward.shield(() => next?.(value)),
      error: cause => (error === undefined ? ward.died(cause) : ward.shield(() => error(cause))),
      complete: () => ward.shield(() => complete?.()),
    }
  }
}

const handlers = (
  error: ((error: unknown) => void) | null | undefined,
  complete: (() => void) | null | undefined,
): Pick<Partial<Observer<unknown>>, 'error' | 'complete'> => ({
  ...(error && { error }),
  ...(complete && { complete }),
})

/** The handlers of an observer, which may be methods of a class. */
const bound = <T>(observer: Partial<Observer<T>> | null | undefined): Partial<Observer<T>> => ({
  ...(observer?.next && { next: value => observer.next?.(value) }),
  ...(observer?.error && { error: cause => observer.error?.(cause) }),
  ...(observer?.complete && { complete: () => observer.complete?.() }),
})
