/**
 * The plugin contract over a sample plugin that keeps it. That the contract notices those who break it is shown
 * in plugin-faults.test.ts.
 */

import { describe, expect, it } from 'vitest'
import type { AnyPlugin } from '../../src/kernel/api/plugin.ts'
import { pluginChecks } from '../../src/kernel/testing/plugin-checks.ts'
import { pluginContract } from '../../src/kernel/testing/plugin-contract.ts'
import { given, polls } from '../support/polls-plugin.ts'

pluginContract(polls, given)

describe('the suite', () => {
  it('has no check on what a plugin does not have', () => {
    const names = (plugin: AnyPlugin, more = {}): number => pluginChecks(() => plugin, more).length
    const { wants: _, ...wantsNothing } = polls()
    expect(names(wantsNothing as AnyPlugin)).toBe(names(polls(), given) - 2)
  })
})
