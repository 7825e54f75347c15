/**
 * The coordinator dies for good. Established tunnels carry on, and who knew each other meets again without it, also
 * after both have been restarted and after one of them comes back at another port.
 */
import { expect, test } from 'vitest'
import { World } from '../../src/kernel/testing/world.ts'
import { say, textsOf, townOf } from '../support/ntm-world.ts'

const HOUR_MS = 60 * 60_000

test('an established tunnel carries on, and its keys are renewed', async () => {
  const world = new World({ seed: 1 })
  const { dc, people } = await townOf(world, 'alice', 'bob')
  const { alice, bob } = people
  await say(world, alice, bob, 'before')
  world.crash(dc)
  await world.run(HOUR_MS)
  expect(await say(world, alice, bob, 'after')).toMatchObject({ state: 'delivered', path: 'direct' })
  expect(await say(world, bob, alice, 'and back')).toMatchObject({ state: 'delivered' })
  expect(await textsOf(world, bob, 'alice.example')).toEqual(['before', 'after', 'and back'])
  await world.end()
})

test('both are restarted and meet again', async () => {
  const world = new World({ seed: 2 })
  const { dc, people } = await townOf(world, 'alice', 'bob')
  const { alice, bob } = people
  await say(world, alice, bob, 'before')
  world.crash(dc)
  for (const home of [alice, bob]) await world.until(home.stop())
  await world.run(HOUR_MS)
  for (const home of [bob, alice]) await world.restart(home)
  expect(await say(world, alice, bob, 'after')).toMatchObject({ state: 'delivered', path: 'direct' })
  await world.end()
})

test('both lose their power and meet again', async () => {
  const world = new World({ seed: 3 })
  const { dc, people } = await townOf(world, 'alice', 'bob')
  const { alice, bob } = people
  await say(world, alice, bob, 'before')
  await world.run(1_000)
  for (const home of [dc, alice, bob]) world.crash(home)
  for (const home of [alice, bob]) await world.restart(home)
  expect(await say(world, bob, alice, 'after')).toMatchObject({ state: 'delivered', path: 'direct' })
  await world.end()
})

test.each(['alice', 'bob'] as const)('%s comes back at another port and is found', async moving => {
  const world = new World({ seed: 4 })
  const { dc, people } = await townOf(world, 'alice', 'bob')
  const { alice, bob } = people
  await say(world, alice, bob, 'before')
  world.crash(dc)
  const mover = people[moving]
  await world.until(mover.stop())
  // Somebody else took the port of last time.
  const squatter = world.network.host(mover.spec.address)
  await squatter.udp({ address: mover.spec.address, port: 49_152 }, () => undefined)
  await world.restart(mover)
  expect(await say(world, alice, bob, 'to')).toMatchObject({ state: 'delivered' })
  expect(await say(world, bob, alice, 'fro')).toMatchObject({ state: 'delivered' })
  await world.end()
})
