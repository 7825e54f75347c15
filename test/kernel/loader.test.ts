/**
 * Third-party plugins as npm lays them out, in a temporary directory. The code of each notes that it ran, so that
 * a test can tell a package that was refused from one that was refused too late.
 */
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { installedPackages } from '../../src/kernel/packages-shell.ts'
import { VirtualClock } from '../../src/kernel/testing/virtual-clock.ts'
import { codeOf, houseOf, pass, plugin, reasonOf, statesOf } from '../support/house.ts'

const ID = 'com.example.polls'
const manifest = { id: ID, version: '1.2.3', api: '^1.0.0' }

let directory = ''
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'ntm-loader-'))
})
afterEach(() => rm(directory, { recursive: true }))

const ran = (): readonly string[] => (globalThis as { ranPlugins?: string[] }).ranPlugins ?? []

const codeFor = (exported: unknown, before = ''): string => `
  (globalThis.ranPlugins ??= []).push(${JSON.stringify(directory)})
  ${before}
  export default {
    manifest: ${JSON.stringify(exported)},
    needs: {},
    setup: () => ({ contributes: { method: [{ name: 'poll', call: async () => 'polled' }] } }),
  }
`

interface Laid {
  packageJson?: object | string
  code?: string
  file?: string
}

const lay = async ({
  packageJson = {},
  code = codeFor(manifest),
  file = 'index.js',
}: Laid = {}): Promise<void> => {
  const root = join(directory, 'node_modules', '@example', 'polls')
  await mkdir(join(root, 'lib'), { recursive: true })
  const fields = { name: '@example/polls', version: '1.2.3', type: 'module', ntm: manifest }
  const text = typeof packageJson === 'string' ? packageJson : JSON.stringify({ ...fields, ...packageJson })
  await writeFile(join(root, 'package.json'), text)
  await writeFile(join(root, file), code)
}

const house = (
  choice: object | false = { package: '@example/polls', version: '1.2.3' },
  clock = new VirtualClock(),
) =>
  houseOf([plugin('test.own')], {
    clock,
    config: { plugins: { [ID]: choice } },
    packages: installedPackages(directory),
  })

describe('a package that the config names', () => {
  it.each([
    ['index.js', {}],
    ['lib/main.js', { main: './lib/main.js' }],
    ['lib/main.js', { exports: './lib/main.js', main: 'nowhere.js' }],
    ['lib/main.mjs', { exports: { '.': { types: './x.d.ts', import: './lib/main.mjs' } } }],
    ['lib/main.js', { exports: { types: './x.d.ts', default: './lib/main.js' } }],
  ])('runs from %s with %j', async (file, packageJson) => {
    await lay({ file, packageJson })
    const running = await house()
    expect(reasonOf(running, ID)).toBe('')
    expect(statesOf(running)).toEqual({ [ID]: 'running', 'test.own': 'running' })
    expect(running.contributions('method')).toHaveLength(1)
    expect(ran()).toContain(directory)
  })

  it.each<[string, Laid, string, string]>([
    [
      'another version is installed',
      { packageJson: { version: '1.2.4' } },
      'PLUGIN_VERSION_MISMATCH',
      'the config names version 1.2.3, and 1.2.4 is installed',
    ],
    [
      'it has no manifest',
      { packageJson: { ntm: undefined } },
      'PLUGIN_MANIFEST_INVALID',
      'its manifest is wrong',
    ],
    [
      'it is another plugin',
      { packageJson: { ntm: { ...manifest, id: 'com.example.other' } } },
      'PLUGIN_MANIFEST_INVALID',
      'says that it is com.example.other 1.2.3, not com.example.polls 1.2.3',
    ],
    [
      'its manifest has another version',
      { packageJson: { ntm: { ...manifest, version: '9.0.0' } } },
      'PLUGIN_MANIFEST_INVALID',
      '9.0.0',
    ],
    [
      'it is for another kernel',
      { packageJson: { ntm: { ...manifest, api: '^9.0.0' } } },
      'PLUGIN_API_UNSUPPORTED',
      '^9.0.0',
    ],
    ['its package.json is no JSON', { packageJson: '{' }, 'PLUGIN_NOT_FOUND', 'is not readable'],
    [
      'its package.json is huge',
      { packageJson: { junk: 'x'.repeat(1024 * 1024) } },
      'PLUGIN_NOT_FOUND',
      'too long',
    ],
    [
      'its entry lies outside',
      { packageJson: { main: '../../../escaped.js' } },
      'PLUGIN_NOT_FOUND',
      'outside of the package',
    ],
    ['its entry is missing', { packageJson: { main: 'gone.js' } }, 'PLUGIN_NOT_FOUND', 'has no file gone.js'],
  ])('is refused before its code runs when %s', async (_, laid, code, reason) => {
    await lay(laid)
    await writeFile(join(directory, 'escaped.js'), codeFor(manifest))
    const refusing = await house()
    expect([codeOf(refusing, ID), statesOf(refusing)['test.own']]).toEqual([code, 'running'])
    expect(reasonOf(refusing, ID)).toContain(reason)
    expect(ran()).not.toContain(directory)
  })

  it.each<[string, string, string]>([
    [
      'exports another manifest',
      codeFor({ ...manifest, api: '*' }),
      'the manifest that its code exports is not the one in package.json',
    ],
    ['exports nothing', 'export const polls = 1', 'its default export is not what definePlugin returns'],
    [
      'needs a token that is none',
      codeFor(manifest).replace('needs: {}', 'needs: { log: undefined }'),
      'needs.log',
    ],
    ['throws while it loads', 'throw new Error("no\\nway")', 'is refused: no way.'],
  ])('is refused when its code %s', async (_, code, reason) => {
    await lay({ code })
    const refusing = await house()
    expect(reasonOf(refusing, ID)).toContain(reason)
    expect(refusing.contributions('method')).toEqual([])
  })

  it('is refused when its code does not come to an end of loading', async () => {
    await lay({ code: codeFor(manifest, 'await new Promise(() => {})') })
    const clock = new VirtualClock()
    const booting = house(undefined, clock)
    while (clock.nextAtMs() === undefined) await pass(clock, 0)
    await pass(clock, 10_000)
    expect(reasonOf(await booting, ID)).toBe(`${ID} is refused: importing its code took longer than 10 s.`)
  })

  it('is found through a link, as npm makes them', async () => {
    await lay()
    const linked = join(directory, 'node_modules', 'linked')
    await symlink(join(directory, 'node_modules', '@example', 'polls'), linked)
    expect(statesOf(await house({ package: 'linked', version: '1.2.3' }))[ID]).toBe('running')
  })
})

describe('nothing else is loaded', () => {
  it('not a package that is installed and not named', async () => {
    await lay()
    const running = await houseOf([plugin('test.own')], { packages: installedPackages(directory) })
    expect(statesOf(running)).toEqual({ 'test.own': 'running' })
    expect(ran()).not.toContain(directory)
  })

  it('not one that is left out', async () => {
    await lay()
    expect(statesOf(await house(false))[ID]).toBe('off')
    expect(ran()).not.toContain(directory)
  })

  it('not one that is not installed', async () => {
    expect(codeOf(await house(), ID)).toBe('PLUGIN_NOT_FOUND')
  })

  it('not one without a package', async () => {
    await lay()
    expect(reasonOf(await house({ config: {} }), ID)).toContain('the config names no package for it')
  })

  it('and no package takes the place of an own plugin', async () => {
    await lay()
    const own = await houseOf([plugin(ID)], {
      config: { plugins: { [ID]: { package: '@example/polls', version: '1.2.3' } } },
      packages: installedPackages(directory),
    })
    expect(codeOf(own, ID)).toBe('PLUGIN_CONFLICT')
    expect(ran()).not.toContain(directory)
  })

  it('and a list that names a plugin twice is a bug', async () => {
    await expect(houseOf([plugin(ID), plugin(ID)])).rejects.toMatchObject({ code: 'BUG' })
  })
})
