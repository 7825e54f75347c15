/**
 * Who has met once meets again on any LAN, with new addresses and no coordinator anywhere: announcements that name
 * nobody, and a handshake that finds out who it is.
 */
import { expect, test } from 'vitest'
import type { LanNotice } from '../../src/kernel/api/index.ts'
import { SimNat } from '../../src/kernel/testing/sim-nat.ts'
import type { Segment } from '../../src/kernel/testing/sim-segment.ts'
import { World } from '../../src/kernel/testing/world.ts'
import { addCoordinator, addPerson, registered, say, textsOf } from '../support/ntm-world.ts'

const HOUR_MS = 60 * 60_000

/** Alice and Bob behind NATs of their own have spoken, and the coordinator is gone for good. */
const metOnce = async (seed: number) => {
  const world = new World({ seed })
  const { core } = world.network
  const lan = (address: string): Segment => core.behind(new SimNat(address, 'home', world.random.fork()))
  const town = await addCoordinator(world, 'example', '203.0.113.1')
  const person = (name: string, at: Segment, address: string) =>
    addPerson(world, `${name}.example`, address, town.join, {
      attachments: [{ address, on: at }],
    })
  const alice = await person('alice', lan('198.51.100.1'), '192.168.1.2')
  const bob = await person('bob', lan('198.51.100.2'), '192.168.1.2')
  for (const home of [alice, bob]) await registered(world, home)
  await say(world, alice, bob, 'before')
  await say(world, bob, alice, 'well met')
  world.crash(town.dc)
  return { world, lan, alice, bob }
}

test('both come to one LAN with new addresses, are started there, and a text arrives', async () => {
  const { world, lan, alice, bob } = await metOnce(1)
  for (const home of [alice, bob]) await world.until(home.stop())
  await world.run(HOUR_MS)
  const cafe = lan('198.51.100.9')
  alice.host.move([{ address: '10.20.0.5', on: cafe }])
  bob.host.move([{ address: '10.20.7.6', on: cafe }])
  for (const home of [alice, bob]) await world.restart(home)
  expect(await say(world, alice, bob, 'after')).toMatchObject({ state: 'delivered', path: 'direct' })
  expect(await say(world, bob, alice, 'and back')).toMatchObject({ state: 'delivered' })
  expect(await textsOf(world, bob, 'alice.example')).toEqual(['before', 'well met', 'after', 'and back'])
  await world.end()
})

test('on a LAN with IPv6 alone, too', async () => {
  const { world, lan, alice, bob } = await metOnce(3)
  const cafe = lan('198.51.100.9')
  alice.host.move([{ address: 'fd00:20::5', on: cafe }])
  bob.host.move([{ address: 'fd00:20::6', on: cafe }])
  expect(await say(world, alice, bob, 'after')).toMatchObject({ state: 'delivered', path: 'direct' })
  await world.end()
})

test('one is there already, the other comes while both run', async () => {
  const { world, lan, alice, bob } = await metOnce(2)
  const cafe = lan('198.51.100.9')
  alice.host.move([{ address: '10.20.0.5', on: cafe }])
  await world.run(HOUR_MS)
  bob.host.move([{ address: '10.20.7.6', on: cafe }])
  const startedMs = world.clock.monotonicMs()
  expect(await say(world, bob, alice, 'here I am')).toMatchObject({ state: 'delivered', path: 'direct' })
  expect(world.clock.monotonicMs() - startedMs).toBeLessThan(5_000)
  await world.end()
})

test('who meet there directly and have nothing to say are silent for hours, whatever they hear', async () => {
  const { world, lan, alice, bob } = await metOnce(5)
  const cafe = lan('198.51.100.9')
  alice.host.move([{ address: '10.20.0.5', on: cafe }])
  bob.host.move([{ address: '10.20.7.6', on: cafe }])
  expect(await say(world, alice, bob, 'hello')).toMatchObject({ path: 'direct' })
  await say(world, bob, alice, 'hello yourself')
  await world.run(HOUR_MS)
  const delivered = world.count('delivered')
  await world.run(3 * HOUR_MS)
  expect(world.count('delivered') - delivered).toBe(0)
  expect(await say(world, alice, bob, 'still there?')).toMatchObject({ path: 'direct' })
  await world.end()
})

test('a stranger who heard everything learns no name and is called by nobody', async () => {
  const { world, lan, alice, bob } = await metOnce(3)
  await world.until(bob.stop())
  const cafe = lan('198.51.100.9')
  alice.host.move([{ address: '10.20.0.5', on: cafe }])
  const stranger = world.network.host([{ address: '10.20.0.66', on: cafe }])
  const heard: LanNotice[] = []
  const channel = stranger.lan(notice => heard.push(notice))
  const came: string[] = []
  await stranger.udp({ address: '0.0.0.0', port: 7000 }, (_, from) => came.push(from.address))
  await world.run(20 * 60_000)
  const instances = new Set(heard.map(({ instance }) => instance))
  // Not more than one a minute, and a new name each time.
  expect(heard.length).toBeLessThanOrEqual(24)
  expect(instances.size).toBe(heard.length)
  expect(new Set(heard.map(({ hints }) => hints.length))).toEqual(new Set([240]))
  const [first] = heard
  channel?.announce({ ...first!, instance: 'ab'.repeat(16), port: 7000 })
  channel?.announce({ ...first!, hints: new Uint8Array(3), port: 7000 })
  channel?.announce({ ...first!, port: 0 })
  await world.run(60_000)
  expect(came).toEqual([])
  await world.end()
})

test.each(['alice', 'bob'] as const)('%s switched it off and is not found', async quiet => {
  const { world, lan, alice, bob } = await metOnce(4)
  const cafe = lan('198.51.100.9')
  const homes = { alice, bob }
  for (const home of [alice, bob]) await world.until(home.stop())
  alice.host.move([{ address: '10.20.0.5', on: cafe }])
  bob.host.move([{ address: '10.20.7.6', on: cafe }])
  const { plugins } = homes[quiet].spec.config as { plugins: Record<string, { config: { lan?: boolean } }> }
  plugins['ntm.transport']!.config.lan = false
  for (const home of [alice, bob]) await world.restart(home)
  const sending = say(world, alice, bob, 'hello?')
  await expect(sending).rejects.toMatchObject({ code: 'PEER_UNREACHABLE' })
  await world.end()
})
