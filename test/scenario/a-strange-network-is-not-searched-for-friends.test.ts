/**
 * Where a friend was on the LAN at home means nothing in a café: whoever has the same private address there gets not
 * one packet, whether the node was started there or came there running. At home it still finds the friend at once.
 */
import { expect, test } from 'vitest'
import type { UdpEndpoint } from '../../src/kernel/api/index.ts'
import type { SimHome } from '../../src/kernel/testing/sim-home.ts'
import { neighbourhood } from '../support/neighbourhood.ts'
import { say, transportOf } from '../support/ntm-world.ts'

/** Longer than it takes to give up the path that was in use. */
const GIVEN_UP_MS = 5_000

/** Behind NATs that let nothing direct through from outside, so that the search goes on. */
const atHome = async () => {
  const hood = await neighbourhood({
    seed: 1,
    alice: { nat: 'symmetric' },
    bob: 'with alice',
    relayLatenciesMs: [5],
  })
  const { world, alice, bob } = hood
  await say(world, alice.home, bob.home, 'hello')
  await say(world, bob.home, alice.home, 'hello yourself')
  await world.run(5_000)
  expect(transportOf(alice.home).links()[0]?.address).toMatch(/^192\.168\.1\./)
  /** To a café, where private addresses are others. */
  const toCafe = (home: SimHome): void => {
    const [place] = hood.line({ nat: 'symmetric' }).next()
    home.host.move([{ ...place!, address: '192.168.77.9' }])
  }
  return { ...{ hood, world, toCafe }, alice: alice.home, bob: bob.home }
}

/** Where packets to private addresses go from now on. */
const strayed = ({ world, alice }: Awaited<ReturnType<typeof atHome>>): UdpEndpoint[] => {
  const { network } = world
  const carry = network.carry.bind(network)
  const strays: UdpEndpoint[] = []
  network.carry = departure => {
    const { to } = departure.packet
    if (departure.host === alice.host && to.address.startsWith('192.168.')) strays.push(to)
    carry(departure)
  }
  return strays
}

test('who is started there looks for them elsewhere', async () => {
  const home = await atHome()
  const { world, alice, bob, toCafe } = home
  await world.until(alice.stop())
  await world.run(60_000)
  toCafe(alice)
  const strays = strayed(home)
  await world.restart(alice)
  expect(await say(world, alice, bob, 'from the café')).toMatchObject({ state: 'delivered' })
  expect(await say(world, bob, alice, 'how is it?')).toMatchObject({ state: 'delivered' })
  await world.run(30_000)
  expect(strays).toEqual([])
  await world.end()
})

test('who comes there running leaves the old places alone as soon as the path in use is given up', async () => {
  const home = await atHome()
  const { world, alice, bob, toCafe } = home
  toCafe(alice)
  await world.run(GIVEN_UP_MS)
  const strays = strayed(home)
  for (let text = 0; text < 30; text += 1) {
    expect(await say(world, alice, bob, `from the café ${text}`)).toMatchObject({ state: 'delivered' })
    await world.run(1_000)
  }
  await world.run(60_000)
  expect(await say(world, alice, bob, 'still here')).toMatchObject({ state: 'delivered' })
  expect(strays).toEqual([])
  await world.end()
})

test('at home friends meet by their private addresses, also without a coordinator and after a start', async () => {
  const { world, hood, alice, bob } = await atHome()
  world.crash(hood.town.dc)
  for (const home of [alice, bob]) await world.until(home.stop())
  await world.run(60_000)
  for (const home of [alice, bob]) await world.restart(home)
  expect(await say(world, alice, bob, 'good morning')).toMatchObject({ state: 'delivered', path: 'direct' })
  expect(transportOf(alice).links()[0]?.address).toMatch(/^192\.168\.1\./)
  await world.end()
})
