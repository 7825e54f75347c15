/**
 * What every plugin must do, as a suite: the whole test of a plugin can be this one call. It shows that a plugin
 * keeps the contract with the house, not that it does well what it is for.
 */
import { describe, it } from 'vitest'
import type { AnyPlugin } from '../loader.ts'
import { pluginChecks } from './plugin-checks.ts'
import type { PluginGiven } from './plugin-probe.ts'

/** `make` gives a fresh plugin each time; `given` stands in for the services that it needs. */
export const pluginContract = (make: () => AnyPlugin, given: PluginGiven = {}): void => {
  describe(`${make().manifest.id} keeps the contract of a plugin`, () => {
    for (const { name, run } of pluginChecks(make, given)) it(name, run)
  })
}
