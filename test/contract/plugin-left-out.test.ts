/**
 * Each of the package's own plugins can be left out by a home's config: whoever does not need it runs all the
 * same, and whoever does is refused by name.
 */
import { describe, expect, it } from 'vitest'
import type { AnyPlugin, AnyToken } from '../../src/kernel/api/plugin.ts'
import { boot, shared } from '../../src/kernel/boot.ts'
import { standIns } from '../../src/kernel/testing/stand-ins.ts'
import { World } from '../../src/kernel/testing/world.ts'
import { NODE_PLUGINS } from '../../src/plugins/first-party.ts'
import { reasonOf, statesOf } from '../support/house.ts'

const provided = new Set(NODE_PLUGINS.flatMap(({ manifest }) => manifest.provides ?? []))

const houseWithout = (ids: readonly string[]) =>
  boot({
    services: () =>
      standIns()
        .filter(([{ id }]) => !provided.has(id) && id !== 'ntm.health')
        .map(([token, value]) => shared(token, value)),
    plugins: NODE_PLUGINS,
    config: { dc: [], listen: {}, plugins: Object.fromEntries(ids.map(id => [id, false as const])) },
  })

const needsOf = ({ needs }: AnyPlugin): readonly string[] =>
  Object.values<AnyToken>(needs).map(({ id }) => id)

/** Who cannot run without these, also at second hand. */
const fallenWith = (ids: readonly string[]): ReadonlySet<string> => {
  const fallen = new Set(ids)
  for (const _ of NODE_PLUGINS) {
    const lost = NODE_PLUGINS.filter(({ manifest }) => fallen.has(manifest.id)).flatMap(
      ({ manifest }) => manifest.provides ?? [],
    )
    for (const plugin of NODE_PLUGINS) {
      if (needsOf(plugin).some(id => lost.includes(id))) fallen.add(plugin.manifest.id)
    }
  }
  return fallen
}

describe('a home', () => {
  it('runs all of them when its config says nothing', async () => {
    const house = await houseWithout([])
    expect(Object.values(statesOf(house))).toEqual(NODE_PLUGINS.map(() => 'running'))
    await house.stop()
  })

  it.each(NODE_PLUGINS.map(({ manifest }) => manifest.id))('runs without %s', async id => {
    const house = await houseWithout([id])
    const fallen = fallenWith([id])
    const expected = NODE_PLUGINS.map(({ manifest }) => [
      manifest.id,
      manifest.id === id ? 'off' : fallen.has(manifest.id) ? 'refused' : 'running',
    ])
    expect(statesOf(house)).toEqual(Object.fromEntries(expected))
    for (const each of fallen)
      if (each !== id) expect(reasonOf(house, each)).toContain(`${id} is left out by the config of this home`)
    expect(await house.stop()).toEqual([])
  })

  it.each(NODE_PLUGINS.map(({ manifest }) => manifest.id))('starts as a real device without %s', async id => {
    const world = new World({ seed: 1 })
    const home = await world.add({
      name: 'alice.example',
      address: '10.0.0.2',
      plugins: NODE_PLUGINS,
      config: { plugins: { 'ntm.transport': { config: { listen: { address: '10.0.0.2' } } }, [id]: false } },
    })
    const fallen = fallenWith([id])
    for (const { manifest } of NODE_PLUGINS)
      if (!fallen.has(manifest.id)) expect(statesOf(home.device.house)[manifest.id]).toBe('running')
    await world.run(5_000)
    await world.end()
  })

  it('runs without any', async () => {
    const house = await houseWithout(NODE_PLUGINS.map(({ manifest }) => manifest.id))
    expect(new Set(Object.values(statesOf(house)))).toEqual(new Set(['off']))
    await house.stop()
  })
})
