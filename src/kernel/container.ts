/**
 * The only place that knows inversify. A plugin becomes one `ContainerModule`, so that withdrawing a plugin is
 * one `unload` and can forget nothing. Everything else in the kernel speaks of tokens and owners.
 */
import 'reflect-metadata'
import { Container, ContainerModule } from 'inversify'
import type { Token } from './api/plugin.ts'

/** One thing under one key; a key may hold several. Values are boxed objects, never bare promises. */
export type Binding = readonly [key: string, value: object]

interface Service {
  /** The value for everybody, or what makes a plugin's own one. */
  readonly value: unknown
  readonly each: ((plugin: string) => unknown) | undefined
}

const serviceKey = (id: string): string => `service:${id}`

export class ServiceContainer {
  readonly #container = new Container()
  readonly #modules = new Map<string, ContainerModule>()
  /** What `each` made, by plugin and token. */
  readonly #own = new Map<string, Map<string, unknown>>()

  /** Loads everything of one owner as one module. An owner has one module at a time. */
  load(owner: string, bindings: readonly Binding[]): void {
    const module = new ContainerModule(({ bind }) => {
      for (const [key, value] of bindings) bind(key).toConstantValue(value)
    })
    this.#container.load(module)
    this.#modules.set(owner, module)
  }

  /** Withdraws everything of the owner; nothing happens if it has nothing. */
  unload(owner: string): void {
    const module = this.#modules.get(owner)
    this.#own.delete(owner)
    if (!module) return
    this.#modules.delete(owner)
    this.#container.unload(module)
  }

  /** Everything under the key, in the order of loading. */
  all(key: string): readonly object[] {
    return this.#container.getAll<object>(key, { optional: true })
  }

  has(id: string): boolean {
    return this.#container.isBound(serviceKey(id))
  }

  /** The service as this plugin sees it; undefined when nobody provides it. */
  give<T>(token: Token<T>, plugin: string): T | undefined {
    const service = this.#container.get<Service>(serviceKey(token.id), { optional: true })
    if (!service?.each) return service?.value as T | undefined
    const own = this.#own.get(plugin) ?? new Map<string, unknown>()
    this.#own.set(plugin, own)
    if (!own.has(token.id)) own.set(token.id, service.each(plugin))
    return own.get(token.id) as T
  }
}

/** A service that is one for all plugins. */
export const shared = <T>(token: Token<T>, value: T): Binding => [
  serviceKey(token.id),
  { value, each: undefined } satisfies Service,
]

/** A service of which each plugin gets its own, made at its first use and forgotten with the plugin. */
export const perPlugin = <T>(token: Token<T>, each: (plugin: string) => T): Binding => [
  serviceKey(token.id),
  { value: undefined, each } satisfies Service,
]
