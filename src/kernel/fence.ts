/**
 * The fence between a plugin and the house. Everything of a plugin's that is called by the kernel goes through
 * `guard`, so that what it throws is counted against it instead of ending the process: 5 failures within a
 * minute, or one subscription that died, and the plugin is withdrawn. It isolates faults, not malice.
 */
import { type Observable, Subscription } from 'rxjs'
import { ChatError } from './api/errors.ts'
import type { Clock } from './api/tokens.ts'
import { causeOf } from './sentence.ts'
import { ShieldedObservable } from './shielded-observable.ts'
import { shieldSignal } from './shielded-signal.ts'

const FAILURES_MAX = 5
const FAILURE_WINDOW_MS = 60_000

const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  typeof (value as PromiseLike<unknown> | undefined)?.then === 'function'

/** Runs a piece of a plugin so that whatever it leaves running is known as the plugin's. */
export type Stage = <T>(run: () => T) => T

const died = (what: string, error: unknown): string => `its subscription '${what}' died: ${causeOf(error)}`

export class Fence {
  readonly #clock: Clock
  readonly #trip: (reason: string) => void
  readonly #tell: (what: string, error: unknown) => void
  readonly #stage: Stage | undefined
  #failedAtMs: number[] = []
  readonly #abort = new AbortController()
  /** Aborts when the plugin leaves the house, for whatever reason. */
  readonly signal = this.shielded(this.#abort.signal)
  #open = true
  #failures = 0
  readonly #subscriptions = new Subscription()
  /** Work of the plugin that somebody outside waits for. */
  readonly #waiting = new Set<() => void>()

  /** `trip` is called once, after the call that was one too many has returned; `tell` hears of each failure; our own need no `stage`. */
  constructor(
    clock: Clock,
    trip: (reason: string) => void,
    tell: (what: string, error: unknown) => void = () => undefined,
    stage?: Stage,
  ) {
    this.#clock = clock
    this.#trip = trip
    this.#tell = tell
    this.#stage = stage
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
    for (const end of this.#waiting) end()
  }

  /** Runs a piece of the plugin on its own account, and throws what it throws. */
  perform<T>(run: () => T): T {
    return this.#stage === undefined ? run() : this.#stage(run)
  }

  /**
   * Runs a piece of the plugin. Undefined when it threw or when the plugin is withdrawn already. A promise that
   * it returns may reject later: that counts too.
   */
  guard<T>(what: string, run: () => T): T | undefined {
    return this.#open ? this.shield(what, run) : undefined
  }

  /** As `guard`, also while the plugin is leaving: its `stop` may wait for timers and datagrams. */
  shield<T>(what: string, run: () => T): T | undefined {
    try {
      const result = this.perform(run)
      if (isThenable(result)) result.then(undefined, error => this.count(what, error))
      return result
    } catch (error) {
      this.count(what, error)
      return undefined
    }
  }

  /** Settles as the work does, or rejects with PLUGIN_FAILED when the plugin is withdrawn before that. */
  whileHere<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const end = (): void => reject(new ChatError('PLUGIN_FAILED', 'the plugin was withdrawn meanwhile'))
      if (this.#abort.signal.aborted) return end()
      this.#waiting.add(end)
      const settle = <V>(how: (value: V) => void, value: V): void => {
        this.#waiting.delete(end)
        how(value)
      }
      work.then(
        value => settle(resolve, value),
        error => settle(reject, error),
      )
    })
  }

  /** As `shield`, for the packet path: nothing is made for a call of a plugin of our own. */
  pass<A, B>(what: string, run: (a: A, b: B) => unknown, a: A, b: B): void {
    try {
      const result = this.#stage === undefined ? run(a, b) : this.#stage(() => run(a, b))
      if (result !== undefined && isThenable(result)) result.then(undefined, error => this.count(what, error))
    } catch (error) {
      this.count(what, error)
    }
  }

  /** The same signal, whose listeners are the plugin's and run inside the fence. */
  shielded(signal: AbortSignal): AbortSignal {
    return shieldSignal(signal, (what, run) => this.shield(what, run))
  }

  /** The same values; who subscribes, with or without operators, is the plugin's and runs inside the fence until it closes. */
  observable<T>(what: string, source: Observable<T>): Observable<T> {
    const subscriptions = this.#subscriptions
    return new ShieldedObservable(source, {
      shield: run => void this.guard(what, run),
      died: error => this.#giveUp(died(what, error)),
      hold: subscription => {
        subscriptions.add(subscription)
        subscription.add(() => subscriptions.remove(subscription))
      },
    })
  }

  /**
   * Subscribes until the fence closes; returns how to end it sooner. A source that errors is dead for good, so
   * the plugin is withdrawn at once.
   */
  subscribe<T>(what: string, source: Observable<T>, next: (value: T) => void): () => void {
    const subscription = this.guard(what, () =>
      source.subscribe({
        next: value => this.guard(what, () => next(value)),
        error: error => this.#giveUp(died(what, error)),
      }),
    )
    this.#subscriptions.add(subscription)
    return () => subscription?.unsubscribe()
  }

  /** Counts one failure; the fifth within a minute withdraws the plugin. */
  count(what: string, error: unknown): void {
    if (!this.#open) return
    this.#tell(what, error)
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
