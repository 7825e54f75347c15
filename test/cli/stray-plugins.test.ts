/** Third-party plugins that fail outside of every hook: the plugin falls, says why, and nothing else does. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { expectDone, expectRefused } from './expectations.ts'
import type { Document } from './program.ts'
import { promised } from './promised.ts'
import { townOfThisFile } from './town.ts'

const town = townOfThisFile()

beforeAll(async () => {
  await town.openDc()
  await town.init('alice')
})

/** A package in alice's home whose `start` is this code; returns what her config says of it. */
const laid = (name: string, start: string): Document => {
  const manifest = { id: `com.example.${name}`, version: '1.0.0', api: '^1.0.0' }
  const root = join(town.home('alice'), 'node_modules', name)
  mkdirSync(root, { recursive: true })
  const fields = { name, version: '1.0.0', type: 'module', main: 'index.js', ntm: manifest }
  writeFileSync(join(root, 'package.json'), JSON.stringify(fields))
  writeFileSync(
    join(root, 'index.js'),
    `import net from 'node:net'
    import { readFile } from 'node:fs/promises'
    export default {
      manifest: ${JSON.stringify(manifest)},
      needs: {},
      setup: () => ({ contributes: {}, start: async scope => { ${start} } }),
    }`,
  )
  return { [manifest.id]: { package: name, version: '1.0.0' } }
}

/** Alice's home names these plugins and no others. */
const settle = (plugins: Document): void => {
  const file = join(town.home('alice'), 'config.json')
  writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')), plugins }))
}

const bystander = () => laid('bystander', '')

const pluginsOf = async (): Promise<Document> => {
  const { plugins } = expectDone(await town.at('alice', ['plugin', 'ls']), promised.plugins)
  return Object.fromEntries(plugins.map((plugin: Document) => [plugin.id, plugin]))
}

const FAILS_AT_ONCE: readonly [string, string, string][] = [
  ['a promise that nobody took', `Promise.reject(new Error('x'))`, 'x'],
  ['a rejection without a stack', `Promise.reject('only words')`, 'only words'],
  ['a rejection whose stack shows only Node', `readFile('/nowhere')`, 'ENOENT'],
  ['a throw in a tick', `process.nextTick(() => { throw new Error('tick') })`, 'tick'],
  ['a throw of nothing', `setImmediate(() => { throw undefined })`, 'undefined'],
]

test.each(FAILS_AT_ONCE)('%s is the end of the plugin, also inside a command', async (_, start, cause) => {
  settle({ ...laid('stray', `${start}; await new Promise(done => setTimeout(done, 100))`), ...bystander() })
  const plugins = await pluginsOf()
  expect(plugins['com.example.stray']).toMatchObject({ state: 'quarantined' })
  expect(plugins['com.example.stray'].reason).toMatch(
    /^com\.example\.stray is quarantined: it failed outside of its hooks: [^\n]*\.$/,
  )
  expect(plugins['com.example.stray'].reason).toContain(cause)
  expect(plugins['com.example.bystander']).toMatchObject({ state: 'running', reason: null })
})

test('a running node goes on without the plugin and says why, whenever it fails', async () => {
  settle({
    ...laid('late', `setTimeout(() => { throw new Error('too late') }, 1000)`),
    ...laid('unheard', 'net.connect(1)'),
    ...laid('stubborn', `setInterval(() => { throw new Error('again') }, 50)`),
    ...bystander(),
  })
  const alice = await town.up('alice')
  const until = Date.now() + 20_000
  let plugins: Document = await pluginsOf()
  while (plugins['com.example.late'].state === 'running' && Date.now() < until) plugins = await pluginsOf()
  for (const name of ['late', 'unheard', 'stubborn'])
    expect(plugins[`com.example.${name}`]).toMatchObject({ state: 'quarantined' })
  expect(plugins['com.example.bystander']).toMatchObject({ state: 'running' })
  const said = alice.stderr.trim().split('\n')
  expect(said.map(line => JSON.parse(line).msg).sort()).toEqual([
    'com.example.late is quarantined: it failed outside of its hooks: too late.',
    'com.example.stubborn is quarantined: it failed outside of its hooks: again.',
    'com.example.unheard is quarantined: it failed outside of its hooks: connect ECONNREFUSED 127.0.0.1:1.',
  ])
  expect(await alice.stop()).toBe(0)
})

test('code that fails while it is loaded is never set up', async () => {
  const plugins = laid('early', '')
  const file = join(town.home('alice'), 'node_modules', 'early', 'index.js')
  const late = 'await new Promise(done => setTimeout(done, 50))'
  writeFileSync(file, `setImmediate(() => { throw new Error('early') })\n${late}\n${readFileSync(file)}`)
  settle({ ...plugins, ...bystander() })
  const { 'com.example.early': early, 'com.example.bystander': other } = await pluginsOf()
  expect(early.reason).toBe('com.example.early is refused: it failed outside of its hooks: early.')
  expect(other).toMatchObject({ state: 'running' })
})

test('what is no plugin of the config is a bug of ours: one sentence and exit code 1', async () => {
  settle({})
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
