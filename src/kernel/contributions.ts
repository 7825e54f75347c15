/**
 * What the plugins add to the house, live. The driver, the peers, the directory, the gate and the views are made
 * before any plugin; they read this list whenever they work and hear when it changes, so that withdrawing a
 * plugin needs nobody's help.
 */
import { type Observable, Subject } from 'rxjs'
import type { Contributions, Points } from './api/points.ts'
import { type Binding, type ServiceContainer, shared } from './container.ts'
import type { Fence } from './fence.ts'

/** One contribution and whose it is. The same object as long as it is in the house. */
export interface Contributed<P extends keyof Points = keyof Points> {
  readonly plugin: string
  readonly value: Points[P]
  /** Every call into `value` goes through here. */
  readonly fence: Fence
}

/** A plugin's contributions came, or went, as a whole. */
export interface Change {
  readonly plugin: string
  readonly present: boolean
}

/** As the kernel's services see it. Plugins in the order in which they were set up: needs first. */
export interface LiveContributions {
  contributions<P extends keyof Points>(point: P): readonly Points[P][]
  /** The same with owner and fence. */
  owned<P extends keyof Points>(point: P): readonly Contributed<P>[]
  readonly changed$: Observable<Change>
}

const pointKey = (point: string): string => `point:${point}`

export class ContributionBook implements LiveContributions {
  readonly #container: ServiceContainer
  readonly #changed = new Subject<Change>()
  readonly changed$ = this.#changed.asObservable()
  /** Read on every packet, so that the container is asked only after a change. */
  readonly #known = new Map<string, readonly Contributed[]>()

  constructor(container: ServiceContainer) {
    this.#container = container
  }

  contributions<P extends keyof Points>(point: P): readonly Points[P][] {
    return this.owned(point).map(({ value }) => value)
  }

  owned<P extends keyof Points>(point: P): readonly Contributed<P>[] {
    const known = this.#known.get(point) ?? (this.#container.all(pointKey(point)) as readonly Contributed[])
    this.#known.set(point, known)
    return known as readonly Contributed<P>[]
  }

  /** Publishes everything of one plugin at once, its services too. */
  add(plugin: string, contributes: Contributions, fence: Fence): void {
    const bindings = Object.entries(contributes).flatMap(([point, values = []]) =>
      values.map((value): Binding => [pointKey(point), { plugin, value, fence }]),
    )
    const services = (contributes.service ?? []).map(({ token, value }) => shared(token, value))
    this.#container.load(plugin, [...bindings, ...services])
    this.#tell({ plugin, present: true })
  }

  withdraw(plugin: string): void {
    this.#container.unload(plugin)
    this.#tell({ plugin, present: false })
  }

  #tell(change: Change): void {
    this.#known.clear()
    this.#changed.next(change)
  }
}
