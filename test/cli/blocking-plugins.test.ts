/** Third-party plugins that block the node: it ends and says who did it, and the next start leaves that version out. */
import { execFile } from 'node:child_process'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, expect, test } from 'vitest'
import { expectDone, expectRefused } from './expectations.ts'
import { type Code, PluginHome } from './plugin-home.ts'
import { promised } from './promised.ts'
import { townOfThisFile } from './town.ts'

const town = townOfThisFile()
const homes = ['alice', 'bob', 'carol']
const [alices, bobs, carols] = homes.map(who => new PluginHome(town, who)) as [
  PluginHome,
  PluginHome,
  PluginHome,
]
const bystander = {}
const FOREVER = 'while (true) {}'

beforeAll(async () => {
  await town.openDc()
  await Promise.all(homes.map(who => town.init(who)))
})

const listOf = (who: string): string => join(town.home(who), 'blocked-plugins.json')

test.each<[string, Code]>([
  ['in its start', { start: FOREVER }],
  ['while it is loaded', { top: FOREVER }],
  ['in promises that never let go', { start: 'for (;;) await undefined' }],
])('a plugin that blocks %s ends the command and is left out of the next', async (_, blocker) => {
  writeFileSync(listOf('alice'), '{"plugins":[]}')
  alices.settle({ blocker, bystander })
  const blocked = await town.at('alice', ['plugin', 'ls'])
  const { error } = expectRefused(blocked, 1, 'PLUGIN_FAILED')
  expect(error.message).toContain('com.example.blocker 1.0.0 blocked this node for 10 s')
  expect(statSync(listOf('alice')).mode & 0o777).toBe(0o600)
  const plugins = await alices.plugins()
  expect(plugins.blocker.state).toBe('refused')
  expect(plugins.blocker.reason).toMatch(
    /^com\.example\.blocker is refused: its version 1\.0\.0 blocked the whole node at \S+; .*blocked-plugins\.json.*\.$/,
  )
  expect(plugins.bystander).toMatchObject({ state: 'running', reason: null })
})

test('a running node ends too, starts again without the plugin, and tries another version of it', async () => {
  bobs.settle({ late: { start: `setTimeout(() => { ${FOREVER} }, 1500)` }, bystander })
  const bob = await town.up('bob')
  expect(await bob.ended(30_000)).toBe(1)
  expect(bob.stderr).toMatch(/^ntm: com\.example\.late 1\.0\.0 blocked this node .*\n {2}start again; .*\n$/)
  const again = await town.up('bob')
  expect(await bobs.plugins()).toMatchObject({ late: { state: 'refused' }, bystander: { state: 'running' } })
  expect(await again.stop()).toBe(0)
  bobs.settle({ late: { version: '1.0.1' }, bystander })
  expect(await bobs.plugins()).toMatchObject({ late: { state: 'running', version: '1.0.1' } })
})

test('what blocks and is nobody’s plugin is told and left alone', async () => {
  const culprit = join(town.root, 'culprit.mjs')
  const isReady = `process.listenerCount('ntm:blocked') > 0`
  const wait = 'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 12_000)'
  const once = `const at = setInterval(() => { if (${isReady}) { clearInterval(at); setTimeout(() => ${wait}, 3000) } }, 50)`
  writeFileSync(culprit, `import { isMainThread } from 'node:worker_threads'\nif (isMainThread) { ${once} }`)
  carols.settle({ bystander })
  const carol = await town.up('carol', { env: { NODE_OPTIONS: `--import=${culprit}` } })
  const until = Date.now() + 40_000
  while (carol.stderr === '' && Date.now() < until) await new Promise(done => setTimeout(done, 100))
  expect(JSON.parse(carol.stderr).msg).toBe('Something blocks this node for 10 s, and it is no plugin.')
  expect(await carols.plugins()).toMatchObject({ bystander: { state: 'running' } })
  expect(await carol.stop()).toBe(0)
})

test('a loop that stands still is asked several times, as one answer may fall between two of its own', async () => {
  const module = new URL('../../dist/kernel/node/watchdog-shell.js', import.meta.url).href
  const asked = `const asked = []
    watchLoop(left => { asked.push(left); if (left === 0) { console.log(JSON.stringify(asked)); process.exit() } }, console.error)`
  const code = `import { watchLoop } from '${module}'\n${asked}\nsetTimeout(async () => { for (;;) await undefined }, 1000)`
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', code], {
    timeout: 40_000,
    killSignal: 'SIGKILL',
  })
  expect(JSON.parse(stdout)).toEqual([7, 6, 5, 4, 3, 2, 1, 0])
})

test('a list that does not read is told, with what to do', async () => {
  carols.settle({ bystander })
  writeFileSync(listOf('carol'), '{"plugins":[{"id":"com.example.bystander"}]}')
  expectRefused(await town.at('carol', ['plugin', 'ls']), 2, 'CONFIG_INVALID')
  expect(readFileSync(listOf('carol'), 'utf8')).toContain('bystander')
  carols.settle({})
  expectDone(await town.at('carol', ['plugin', 'ls']), promised.plugins)
})
