/**
 * The plugin contract. A plugin is data and one function: it names what it needs and gets exactly that, and it
 * returns what it contributes as data, so that the kernel can list it, check it and withdraw it whole.
 * The manifest stands in `package.json#ntm` too, where it is read before any of the plugin's code runs.
 */
import type { Observable } from 'rxjs'
import type { ErrorCode } from './errors.ts'
import type { Contributions, Provided } from './points.ts'

/** Version of this contract. A plugin's manifest gives the range it was written for. */
export const PLUGIN_API = '1.0.0'

/** A typed key for a service. The kernel turns it into an inversify service identifier. */
export interface Token<T> {
  readonly id: string
  /** Carries the type only; never set. */
  readonly _type?: (value: T) => T
}

export const token = <T>(id: string): Token<T> => ({ id })

// biome-ignore lint/suspicious/noExplicitAny: a token of any service; the type is recovered by Given.
export type AnyToken = Token<any>
export type Needs = Readonly<Record<string, AnyToken>>
export type Given<N extends Needs> = { readonly [K in keyof N]: N[K] extends Token<infer T> ? T : never }

export interface Manifest {
  /** `ntm.direct-chat`, `com.example.polls`. Never changes, belongs to one owner. */
  readonly id: string
  /** Semver of the plugin. */
  readonly version: string
  /** Semver range of PLUGIN_API. */
  readonly api: string
  /** Ids of the tokens it will bind. */
  readonly provides?: readonly string[]
  /** Event type -> the newest rev this plugin writes. A type has one owner. */
  readonly owns?: Readonly<Record<string, number>>
}

export interface Plugin<N extends Needs = Needs, W extends Needs = Needs, C = unknown> {
  readonly manifest: Manifest
  /** Absent in the house: the plugin is refused, by name, before its code runs. */
  readonly needs: N
  /** Absent in the house: undefined; the plugin must cope. */
  readonly wants?: W
  /** Reads this plugin's part of the config; throws when it is wrong. zod's `schema.parse` fits. */
  readonly config?: (raw: unknown) => C
  /** Synchronous, no I/O: wires the parts together and says what it contributes. */
  setup(given: Given<N> & Partial<Given<W>>, config: C): Installed
}

// biome-ignore lint/suspicious/noExplicitAny: needs, wants and config are each plugin's own business.
export type AnyPlugin = Plugin<any, any, any>

export interface Installed {
  readonly contributes: Contributions
  /** I/O begins here. The kernel sets the deadline. */
  start?(scope: Scope): Promise<void>
  /** Called in reverse order of start, at most a few seconds; must be safe to call twice. */
  stop?(): Promise<void>
}

/** What a running plugin may do to the rest of the house. */
export interface Scope {
  /** Aborts on stop, on an overrun deadline and on quarantine. */
  readonly signal: AbortSignal
  /**
   * The way to subscribe. An exception in `next` is caught and counted against this plugin; too many of them and
   * the plugin is withdrawn. The subscription ends with the scope. A service's own observables are fenced anyway;
   * what a plugin makes itself, by `merge` or a `Subject` of its own, is so only through here.
   */
  fence<T>(what: string, source: Observable<T>, next: (value: T) => void): void
  /** Runs an async piece of work whose rejection counts against this plugin instead of ending the process. */
  spawn(what: string, work: () => Promise<void>): void
}

export const definePlugin = <N extends Needs, W extends Needs = {}, C = unknown>(
  plugin: Plugin<N, W, C>,
): Plugin<N, W, C> => plugin

/** A `service` contribution whose value has the token's type. */
export const provide = <T>(token: Token<T>, value: T): Provided<T> => ({ token, value })

/** How a plugin fares: `refused` never ran, `quarantined` ran and was withdrawn, `off` is left out by config. */
export type PluginState = 'running' | 'refused' | 'quarantined' | 'off'

export interface PluginHealth {
  readonly id: string
  readonly version: string
  readonly state: PluginState
  /** One sentence naming the plugin, the hook and the cause. */
  readonly reason: string | undefined
  /** What kind of failure it was, when it was one; `ERRORS` has a hint for it. */
  readonly code: ErrorCode | undefined
}
