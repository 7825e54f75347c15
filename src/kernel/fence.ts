/**
 * The fence between a plugin and the house. Everything of a plugin's that is called by the kernel goes through
 * `guard`, so that what it throws is counted against it instead of ending the process: 5 failures within a
 * minute, or one subscription that died, and the plugin is withdrawn. It isolates faults, not malice.
 */
import { type Observable, Subscription } from 'rxjs'
import type { Clock } from './api/tokens.ts'
import { causeOf } from './sentence.ts'

const FAILURES_MAX = 5
const FAILURE_WINDOW_MS = 60_000

const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  typeof (value as PromiseLike<unknown> | undefined)?.then === 'function'

export class Fence {
  readonly #clock: Clock
  readonly #trip: (reason: string) => void
  #failedAtMs: number[] = []
  readonly #abort = new AbortController()
  /** Aborts when the plugin leaves the house, for whatever reason. */
  readonly signal: AbortSignal = this.#abort.signal
  #open = true
  #failures = 0
  readonly #subscriptions = new Subscription()

  /** `trip` is called once, after the call that was one too many has returned. */
  constructor(clock: Clock, trip: (reason: string) => void) {
    this.#clock = clock
    this.#trip = trip
  }

  /** Failures counted since the plugin started, also those long ago. */
  get failures(): number {
    return this.#failures
  }

  /** Nothing of the plugin runs any more. */
  close(): void {
    this.#open = false
    this.#subscriptions.unsubscribe()
    this.#abort.abort()
  }

  /**
   * Runs a piece of the plugin. Undefined when it threw or when the plugin is withdrawn already. A promise that
   * it returns may reject later: that counts too.
   */
  guard<T>(what: string, run: () => T): T | undefined {
    if (!this.#open) return undefined
    try {
      const result = run()
      if (isThenable(result)) result.then(undefined, error => this.count(what, error))
      return result
    } catch (error) {
      this.count(what, error)
      return undefined
    }
  }

  /**
   * Subscribes until the fence closes; returns how to end it sooner. A source that errors is dead for good, so
   * the plugin is withdrawn at once.
   */
  subscribe<T>(what: string, source: Observable<T>, next: (value: T) => void): () => void {
    const subscription = this.guard(what, () =>
      source.subscribe({
        next: value => this.guard(what, () => next(value)),
        error: error => this.#giveUp(`its subscription '${what}' died: ${causeOf(error)}`),
      }),
    )
    this.#subscriptions.add(subscription)
    return () => subscription?.unsubscribe()
  }

  /** Counts one failure; the fifth within a minute withdraws the plugin. */
  count(what: string, error: unknown): void {
    if (!this.#open) return
    const nowMs = this.#clock.monotonicMs()
    this.#failures += 1
    this.#failedAtMs = this.#failedAtMs.filter(atMs => nowMs - atMs < FAILURE_WINDOW_MS)
    this.#failedAtMs.push(nowMs)
    if (this.#failedAtMs.length >= FAILURES_MAX) {
      this.#giveUp(`'${what}' was the ${FAILURES_MAX}th failure within a minute: ${causeOf(error)}`)
    }
  }

  /** Withdrawing waits for the caller to finish, who may be walking through what will be withdrawn. */
  #giveUp(reason: string): void {
    if (!this.#open) return
    this.#open = false
    queueMicrotask(() => this.#trip(reason))
  }
}
