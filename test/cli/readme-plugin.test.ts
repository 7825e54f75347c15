/** The README's plugin, put into a home exactly as the README says, runs and does what the README says. */
import { execFile } from 'node:child_process'
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, expect, test } from 'vitest'
import { expectDone } from './expectations.ts'
import { type Document, ROOT } from './program.ts'
import { promised } from './promised.ts'
import { townOfThisFile } from './town.ts'

const town = townOfThisFile()

/** The blocks of the README's chapter in their order: the code, its package.json, the piece of config.json. */
const chapter = /## A plugin\n[\s\S]*?\n## /.exec(readFileSync(join(ROOT, 'README.md'), 'utf8'))?.[0] ?? ''
const [code, packageJson, configPiece] = [...chapter.matchAll(/```(?:js|json)\n([\s\S]*?)```/g)].map(
  ([, block]) => block!,
)

beforeAll(async () => {
  await town.openDc()
  await Promise.all(['alice', 'bob'].map(who => town.init(who)))
  const installed = join(town.home('alice'), 'node_modules')
  mkdirSync(join(installed, 'ntm-counter'), { recursive: true })
  writeFileSync(join(installed, 'ntm-counter', 'index.js'), code!)
  writeFileSync(join(installed, 'ntm-counter', 'package.json'), packageJson!)
  symlinkSync(ROOT, join(installed, 'ntm-chat'))
  const file = join(town.home('alice'), 'config.json')
  const config = JSON.parse(readFileSync(file, 'utf8'))
  const { plugins } = JSON.parse(configPiece!)
  writeFileSync(file, JSON.stringify({ ...config, plugins: { ...config.plugins, ...plugins } }))
  await Promise.all(['alice', 'bob'].map(who => town.up(who)))
})

test('the plugin runs, counts what both say, and answers any client', async () => {
  const { plugins } = expectDone(await town.at('alice', ['plugin', 'ls']), promised.plugins)
  const counter = plugins.find(({ id }: Document) => id === 'com.example.counter')
  expect(counter).toMatchObject({ version: '0.1.0', state: 'running', reason: null })
  expectDone(await town.at('alice', ['send', 'bob.town.example', 'one']), promised.sent)
  expectDone(await town.at('bob', ['send', 'alice.town.example', 'two']), promised.sent)
  const client = `
    import { attach } from 'ntm-chat/client'
    const node = await attach('.')
    console.log(JSON.stringify(await node.call('counter.said')))
    await node.close()`
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', client], {
    cwd: town.home('alice'),
  })
  expect(JSON.parse(stdout)).toEqual({ count: 2 })
})
