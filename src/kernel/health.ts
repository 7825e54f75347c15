/**
 * How each plugin fares, as `ntm plugin ls` and `status` tell it: one line a plugin, with one sentence that names
 * the plugin, the hook and the cause whenever it is not simply running.
 */
import { Subject } from 'rxjs'
import { toChatError } from './api/errors.ts'
import type { PluginHealth } from './api/plugin.ts'
import type { Health } from './api/tokens.ts'
import { causeOf } from './sentence.ts'

export type Named = Pick<PluginHealth, 'id' | 'version'>

const named = ({ id, version }: Named): Named => ({ id, version })

export const running = (plugin: Named): PluginHealth => ({
  ...named(plugin),
  state: 'running',
  reason: undefined,
  code: undefined,
})

export const leftOut = (plugin: Named): PluginHealth => ({
  ...named(plugin),
  state: 'off',
  reason: `${plugin.id} is left out by the config of this home.`,
  code: undefined,
})

/** It never ran. */
export const refused = (plugin: Named, error: unknown): PluginHealth => ({
  ...named(plugin),
  state: 'refused',
  reason: `${plugin.id} is refused: ${causeOf(error)}.`,
  code: toChatError(error).code,
})

/** It ran, or was about to, and was withdrawn. */
export const quarantined = (plugin: Named, error: unknown): PluginHealth => ({
  ...named(plugin),
  state: 'quarantined',
  reason: `${plugin.id} is quarantined: ${causeOf(error)}.`,
  code: toChatError(error).code,
})

export class HealthBook implements Health {
  readonly #plugins = new Map<string, PluginHealth>()
  readonly #health = new Subject<PluginHealth>()
  readonly #failures = new Subject<string>()
  readonly health$ = this.#health.asObservable()
  /** One sentence for each failure that a fence has counted. */
  readonly failure$ = this.#failures.asObservable()

  plugins(): readonly PluginHealth[] {
    return [...this.#plugins.values()]
  }

  of(id: string): PluginHealth | undefined {
    return this.#plugins.get(id)
  }

  fail(id: string, what: string, error: unknown): void {
    this.#failures.next(`${id} failed in ${what}: ${causeOf(error)}.`)
  }

  report(health: PluginHealth): void {
    this.#plugins.set(health.id, health)
    this.#health.next(health)
  }
}
