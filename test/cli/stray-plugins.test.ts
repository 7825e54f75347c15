/** Third-party plugins that fail outside of every hook: the plugin falls, says why, and nothing else does. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { expectRefused } from './expectations.ts'
import { PluginHome } from './plugin-home.ts'
import { townOfThisFile } from './town.ts'

const town = townOfThisFile()
const alices = new PluginHome(town, 'alice')
const bystander = {}

beforeAll(async () => {
  await town.openDc()
  await town.init('alice')
})

const FAILS_AT_ONCE: readonly [string, string, string][] = [
  ['a promise that nobody took', `Promise.reject(new Error('x'))`, 'x'],
  ['a rejection without a stack', `Promise.reject('only words')`, 'only words'],
  ['a rejection whose stack shows only Node', `readFile('/nowhere')`, 'ENOENT'],
  ['a throw in a tick', `process.nextTick(() => { throw new Error('tick') })`, 'tick'],
  ['a throw of nothing', `setImmediate(() => { throw undefined })`, 'undefined'],
]

test.each(FAILS_AT_ONCE)('%s is the end of the plugin, also inside a command', async (_, start, cause) => {
  alices.settle({
    stray: { start: `${start}; await new Promise(done => setTimeout(done, 100))` },
    bystander,
  })
  const plugins = await alices.plugins()
  expect(plugins.stray.state).toBe('quarantined')
  expect(plugins.stray.reason).toMatch(
    /^com\.example\.stray is quarantined: it failed outside of its hooks: [^\n]*\.$/,
  )
  expect(plugins.stray.reason).toContain(cause)
  expect(plugins.bystander).toMatchObject({ state: 'running', reason: null })
})

test('a running node goes on without the plugin and says why, whenever it fails', async () => {
  alices.settle({
    late: { start: `setTimeout(() => { throw new Error('too late') }, 1000)` },
    unheard: { start: 'net.connect(1)' },
    stubborn: { start: `setInterval(() => { throw new Error('again') }, 50)` },
    bystander,
  })
  const alice = await town.up('alice')
  const until = Date.now() + 20_000
  let plugins = await alices.plugins()
  while (plugins.late.state === 'running' && Date.now() < until) plugins = await alices.plugins()
  for (const name of ['late', 'unheard', 'stubborn']) expect(plugins[name].state).toBe('quarantined')
  expect(plugins.bystander.state).toBe('running')
  const said = alice.stderr.trim().split('\n')
  expect(said.map(line => JSON.parse(line).msg).sort()).toEqual([
    'com.example.late is quarantined: it failed outside of its hooks: too late.',
    'com.example.stubborn is quarantined: it failed outside of its hooks: again.',
    'com.example.unheard is quarantined: it failed outside of its hooks: connect ECONNREFUSED 127.0.0.1:1.',
  ])
  expect(await alice.stop()).toBe(0)
})

test('a coordinator goes on without the plugin, too', async () => {
  const dcs = new PluginHome(town, 'dc')
  dcs.settle({ stray: { start: `Promise.reject(new Error('x'))` }, bystander })
  await town.dc!.stop()
  await town.openDc()
  expect(await dcs.plugins()).toMatchObject({
    stray: { state: 'quarantined' },
    bystander: { state: 'running' },
  })
  expect(town.dc!.stderr).toContain('com.example.stray is quarantined: it failed outside of its hooks: x.')
})

test('code that fails while it is loaded is never set up', async () => {
  const top = `setImmediate(() => { throw new Error('early') })
    await new Promise(done => setTimeout(done, 50))`
  alices.settle({ early: { top }, bystander })
  const { early, bystander: other } = await alices.plugins()
  expect(early.reason).toBe('com.example.early is refused: it failed outside of its hooks: early.')
  expect(other.state).toBe('running')
})

test('what is no plugin of the config is a bug of ours: one sentence and exit code 1', async () => {
  alices.settle({})
  const culprit = join(town.root, 'culprit.mjs')
  const isReady = `process.listenerCount('uncaughtException') > 0`
  writeFileSync(culprit, `setInterval(() => { if (${isReady}) throw new Error('ours') }, 50).unref()`)
  const env = { NODE_OPTIONS: `--import=${culprit}` }
  const failed = await town.at('alice', ['up'], { env })
  expectRefused(failed, 1, 'BUG')
  expect(failed.stderr).toMatch(/^ntm: ours\n/)
  const debugged = await town.at('alice', ['up'], { env: { ...env, DEBUG: 'ntm' } })
  expect(debugged.stderr).toContain('culprit.mjs:1')
})
