/** The configs that the README shows are configs: they are read by the very readers that a home's is, and change what they say. */
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { AnyPlugin } from '../../src/kernel/api/index.ts'
import { type HomeConfig, parseConfig } from '../../src/kernel/config.ts'
import { NODE_PLUGINS } from '../../src/plugins/first-party.ts'
import { COORDINATOR_PLUGINS } from '../../src/plugins/first-party-coordinator.ts'
import { RELAY_PLUGINS } from '../../src/plugins/first-party-relay.ts'

const page = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
const DOCS = readdirSync(new URL('../../docs/', import.meta.url)).filter(name => name.endsWith('.md'))
const PAGES = ['README.md', ...DOCS.map(name => `docs/${name}`)]
const chapter = /\n## The config of a home\n[\s\S]*?\n## /.exec(page('README.md'))![0]
const [ofPerson, ofCoordinator] = [...chapter.matchAll(/```json\n([\s\S]*?)```/g)].map(([, text]) =>
  parseConfig(text!),
)

const settingsOf = (plugins: readonly AnyPlugin[], id: string, { plugins: choices }: HomeConfig) => {
  const choice = choices[id]
  const plugin = plugins.find(({ manifest }) => manifest.id === id)!
  return plugin.config!(choice === false ? undefined : choice?.config) as Record<string, unknown>
}

describe('the config of a person’s home', () => {
  const bare = settingsOf(NODE_PLUGINS, 'ntm.transport', parseConfig('{}'))
  const shown = settingsOf(NODE_PLUGINS, 'ntm.transport', ofPerson!)
  const switches = Object.keys(bare).filter(key => typeof bare[key] === 'boolean')

  it.each(switches)('turns %s over', key => expect(shown[key]).toBe(!bare[key]))

  it('leaves out a plugin that there is', () => {
    const out = Object.entries(ofPerson!.plugins).filter(([, choice]) => choice === false)
    expect(out).not.toHaveLength(0)
    for (const [id] of out) expect(NODE_PLUGINS.map(({ manifest }) => manifest.id)).toContain(id)
  })
})

it('the config of a coordinator has every plugin’s settings', () => {
  const { 'ntm.dc-tunnel': tunnel } = ofCoordinator!.plugins
  for (const { manifest } of COORDINATOR_PLUGINS) settingsOf(COORDINATOR_PLUGINS, manifest.id, ofCoordinator!)
  expect(settingsOf(COORDINATOR_PLUGINS, 'ntm.dc-tunnel', ofCoordinator!)).toMatchObject({ streams: false })
  const { listen, streams } = (tunnel as { config: Record<string, unknown> }).config
  const ofRelay = parseConfig(
    JSON.stringify({ plugins: { 'ntm.relay-tunnel': { config: { listen, dc: 'HOST:4500#KEY', streams } } } }),
  )
  expect(settingsOf(RELAY_PLUGINS, 'ntm.relay-tunnel', ofRelay)).toMatchObject({ streams: false })
})

it('every switch that a page names stands in them', () => {
  const told = PAGES.flatMap(path => [...page(path).matchAll(/`"([\w.-]+)":\s+(true|false)`/g)])
  expect(told.length).toBeGreaterThan(7)
  const { config } = ofPerson!.plugins['ntm.transport'] as { config: Record<string, unknown> }
  for (const [whole, key, value] of told)
    expect(`${config[key!] ?? ofPerson!.plugins[key!]}`, whole).toBe(value)
})
