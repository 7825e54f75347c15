/**
 * What every plugin must do, as a suite: the whole test of a plugin can be this one call. It shows that a plugin
 * keeps the contract with the house, not that it does well what it is for.
 */

import { describe, it } from 'vitest'
import type { AnyPlugin } from '../api/plugin.ts'
import { pluginChecks } from './plugin-checks.ts'
import type { PluginGiven } from './plugin-probe.ts'

/**
 * `make` gives a fresh plugin each time. The kernel's services are stood in for; `given` adds what else the plugin
 * needs, its config and the manifest of its package.
 */
export const pluginContract = (make: () => AnyPlugin, given: PluginGiven = {}): void => {
  describe(`${make().manifest.id} keeps the contract of a plugin`, () => {
    for (const { name, run } of pluginChecks(make, given)) it(name, run)
  })
}
