/**
 * Homes whose config leaves out one of the program's own plugins: the node runs all the same, `plugin ls` says
 * what is missing and what that took along, and a command that needed it says whom it misses.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeAll, expect, test } from 'vitest'
import { NODE_PLUGINS } from '../../src/plugins/first-party.ts'
import { expectDone, expectRefused } from './expectations.ts'
import type { Document, Run, Staying } from './program.ts'
import { promised } from './promised.ts'
import { townOfThisFile } from './town.ts'

const town = townOfThisFile()
let node: Staying
let dcConfig = ''
let config = ''

const configOf = (who: string): string => join(town.home(who), 'config.json')

const leaveOut = (who: string, whole: string, id: string): void => {
  const { plugins, ...rest } = JSON.parse(whole)
  writeFileSync(configOf(who), JSON.stringify({ ...rest, plugins: { ...plugins, [id]: false } }))
}

beforeAll(async () => {
  await town.openDc()
  await town.init('alice')
  config = readFileSync(configOf('alice'), 'utf8')
  dcConfig = readFileSync(configOf('dc'), 'utf8')
})
afterEach(() => node.stop())

const expectMissing = (run: Run, id: string): void => {
  const { error } = expectRefused(run, 1, 'PLUGIN_NEEDS_MISSING')
  expect(error.message).toContain(`the config of this home leaves out ${id}`)
  expect(error.hint).toContain(`"${id}": false`)
}

test.each(NODE_PLUGINS.map(({ manifest }) => manifest.id))('a node runs without %s and says so', async id => {
  leaveOut('alice', config, id)
  node = await town.up('alice')
  const { plugins } = expectDone(await town.at('alice', ['plugin', 'ls']), promised.plugins)
  const [left, ...others] = plugins.filter(({ state }: Document) => state !== 'running')
  expect(left).toMatchObject({ id, state: 'off' })
  for (const { state, reason } of others) {
    expect(state).toBe('refused')
    expect(reason).toContain(`${id} is left out by the config of this home`)
  }
  const listed = await town.at('alice', ['log', 'ls'])
  expect(listed.code).toBe(0)
  expect(listed.lines[0]).toMatchObject({ type: 'person.founded' })
})

test('what a plugin that is left out would have done is missed by name', async () => {
  leaveOut('alice', config, 'ntm.people')
  node = await town.up('alice')
  expectMissing(await town.at('alice', ['send', 'bob', 'hi']), 'ntm.people')
  expectMissing(await town.at('alice', ['contact', 'ls']), 'ntm.people')
})

test('a node runs without ntm.node, and every command about the node says what it misses', async () => {
  leaveOut('alice', config, 'ntm.node')
  node = await town.up('alice')
  const asked = [['plugin', 'ls'], ['log', 'ls'], ['status'], ['down']]
  for (const args of asked) expectMissing(await town.at('alice', args), 'ntm.node')
  expectDone(await town.at('alice', ['contact', 'ls']), promised.contacts)
})

test('so does a coordinator', async () => {
  node = town.dc!
  await node.stop()
  leaveOut('dc', dcConfig, 'ntm.node')
  await town.openDc()
  node = town.dc!
  expectMissing(await town.at('dc', ['plugin', 'ls']), 'ntm.node')
  expectDone(await town.at('dc', ['dc', 'name', 'ls']), promised.names)
})
