/**
 * Builds a house: first the list of contributions, then the kernel's services that read it, then the plugins. A
 * node, a DC and every device of the simulator are made here, of the same plugins; only clock, chance, network
 * and disk differ.
 */
import { ChatError } from './api/errors.ts'
import type { AnyPlugin, Token } from './api/plugin.ts'
import type { Client, Points } from './api/points.ts'
import { Clock, Health } from './api/tokens.ts'
import { callMethod } from './calls.ts'
import type { HomeConfig } from './config.ts'
import { type Binding, ServiceContainer, shared } from './container.ts'
import { ContributionBook, type LiveContributions } from './contributions.ts'
import { HealthBook } from './health.ts'
import { Lifecycle } from './lifecycle.ts'
import { loadPlugins, type Packages } from './loader.ts'
import type { Oversight } from './oversight.ts'

export { shared } from './container.ts'

interface Plan {
  /** Makes the kernel's services, Clock among them; they may keep `live` and read it for ever. */
  readonly services: (live: LiveContributions) => readonly Binding[]
  /** Awaited once all contributions are in the book and before any plugin starts: the views are folded here. */
  readonly ready?: () => Promise<void>
  /** The package's own plugins; the config may leave any of them out. */
  readonly plugins: readonly AnyPlugin[]
  readonly config: HomeConfig
  /** Where the packages that the config names are installed. Absent: none can be loaded. */
  readonly packages?: Packages
  /** Absent: nothing but fences keeps third-party plugins in check. */
  readonly oversight?: Oversight | undefined
  /** Hears one sentence for each plugin that failed, was refused or withdrawn, or did not stop cleanly. */
  readonly tell?: (sentence: string) => void
}

export interface House {
  /** Throws NOT_FOUND when nothing in the house provides it. */
  get<T>(token: Token<T>): T
  contributions<P extends keyof Points>(point: P): readonly Points[P][]
  readonly health: Health
  /** Calls a method that a plugin contributes. Rejects with ChatErrors only. */
  call(method: string, params: unknown, client: Client): Promise<unknown>
  /** Stops the plugins, dependants first; safe twice. Resolves with a sentence for each that did not stop cleanly. */
  stop(): Promise<readonly string[]>
}

const KERNEL = 'ntm.kernel'

/** Resolves when every plugin runs or has said why not. The services are stopped by whoever made them. */
export const boot = async (plan: Plan): Promise<House> => {
  const { services, ready, plugins, config, packages, oversight, tell } = plan
  const container = new ServiceContainer()
  const book = new ContributionBook(container)
  const health = new HealthBook()
  if (tell !== undefined) tellHealth(health, tell)
  container.load(KERNEL, [...services(book), shared(Health, health)])
  const get = <T>(token: Token<T>): T => {
    const value = container.give(token, KERNEL)
    if (value === undefined) throw new ChatError('NOT_FOUND', `Nothing in this house provides ${token.id}.`)
    return value
  }
  const clock = get(Clock)
  const lifecycle = new Lifecycle({ container, book, health, clock })
  oversight?.stray$.subscribe(stray => lifecycle.accuse(stray))
  if (tell !== undefined) oversight?.notice$.subscribe(tell)
  const report = health.report.bind(health)
  const loaded = await loadPlugins({ own: plugins, config, packages, oversight, clock, report })
  lifecycle.setUp(
    loaded,
    plugins.map(({ manifest }) => manifest),
  )
  const stop = async (): Promise<readonly string[]> => {
    const complaints = await lifecycle.stop()
    for (const complaint of complaints) tell?.(complaint)
    return complaints
  }
  try {
    await ready?.()
  } catch (error) {
    await stop()
    throw error
  }
  await lifecycle.start()
  return {
    get,
    contributions: point => book.contributions(point),
    health,
    call: (method, params, client) => callMethod(book, method, params, client),
    stop: once(stop),
  }
}

const tellHealth = (health: HealthBook, tell: (sentence: string) => void): void => {
  health.failure$.subscribe(tell)
  health.health$.subscribe(({ state, reason }) => {
    if (reason !== undefined && state !== 'off') tell(reason)
  })
}

const once = <T>(make: () => T): (() => T) => {
  let made: { readonly value: T } | undefined
  return () => {
    made ??= { value: make() }
    return made.value
  }
}
