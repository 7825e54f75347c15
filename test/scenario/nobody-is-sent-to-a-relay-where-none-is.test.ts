/**
 * Anybody may offer a relay to an open coordinator and say where it is. People are sent to where the coordinator has
 * found it and nowhere else, so that an offer makes nobody send anything to a third party.
 */
import { expect, test } from 'vitest'
import type { SimHome } from '../../src/kernel/testing/sim-home.ts'
import type { Gateway, Packet } from '../../src/kernel/testing/sim-segment.ts'
import { World } from '../../src/kernel/testing/world.ts'
import { addCoordinator, addPerson, addRelay, registered, say, type Town } from '../support/ntm-world.ts'

const DC = '10.0.0.1'
const RELAY = '10.0.0.20'
const VICTIM = { address: '10.0.0.99', port: 53 }

const listed = async (world: World, { dc }: Town) =>
  ((await world.until(dc.call('dc.relay.ls', {}))) as { relays: { state: string; endpoints: string[] }[] })
    .relays

/** The relay says that it is reached there. */
const advertise = async (world: World, relay: SimHome, { join }: Town, places: readonly object[]) => {
  await world.until(relay.stop())
  const listen = [{ address: relay.spec.address, port: 4500 }]
  const config = { listen, dc: join, advertise: places }
  Object.assign(relay.spec, { config: { plugins: { 'ntm.relay-tunnel': { config } } } })
  await world.restart(relay)
}

/** People who come, talk, and stay for an hour. */
const peopleTalk = async (world: World, { join }: Town): Promise<void> => {
  const people: SimHome[] = []
  for (const [at, name] of ['alice', 'bob', 'carol'].entries())
    people.push(await addPerson(world, `${name}.example`, `10.0.1.${at + 1}`, join))
  for (const person of people) await registered(world, person)
  for (const to of ['bob.example', 'carol.example'])
    await say(world, people[0]!, world.homes.get(to)!, 'hello')
  await world.run(60 * 60_000)
}

const victimIn = async (world: World) => {
  const came: { readonly from: string; readonly bytes: number }[] = []
  const host = world.network.host(VICTIM.address)
  await host.udp(VICTIM, ({ length }, from) => came.push({ from: from.address, bytes: length }))
  return came
}

test('a relay that says it is at somebody else’s address is given to nobody, who is left in peace', async () => {
  const world = new World({ seed: 1 })
  const town = await addCoordinator(world, 'example', DC)
  const came = await victimIn(world)
  const liar = await addRelay(world, 'liar.relay', RELAY, town.join)
  await advertise(world, liar, town, [{ host: VICTIM.address, port: VICTIM.port }])
  await peopleTalk(world, town)
  expect(came.filter(({ from }) => from !== DC)).toEqual([])
  // The coordinator has looked; four times a minute, and with less than the offers themselves weigh.
  expect(came.length).toBeLessThanOrEqual(60 * 4 + 2)
  expect(Math.max(...came.map(({ bytes }) => bytes))).toBeLessThan(150)
  expect(await listed(world, town)).toMatchObject([{ state: 'unproved', endpoints: ['10.0.0.99:53'] }])
  await world.end()
})

test('of several addresses those that are its own are given out', async () => {
  const world = new World({ seed: 2 })
  const town = await addCoordinator(world, 'example', DC)
  const came = await victimIn(world)
  const relay = await addRelay(world, 'half.relay', RELAY, town.join)
  const both = [VICTIM, { address: RELAY, port: 4500 }].map(({ address: host, port }) => ({ host, port }))
  await advertise(world, relay, town, both)
  await peopleTalk(world, town)
  expect(came.filter(({ from }) => from !== DC)).toEqual([])
  expect(await listed(world, town)).toMatchObject([{ state: 'up', endpoints: [`${RELAY}:4500`] }])
  await world.end()
})

/** A router with one forwarded port; what leaves does so from another one. */
class Forwarding implements Gateway {
  readonly address = '198.51.100.50'
  readonly #inside = { address: '192.168.1.2', port: 4500 }

  outbound(packet: Packet): Packet {
    return { ...packet, from: { address: this.address, port: 30_001 } }
  }

  inbound(packet: Packet): Packet | undefined {
    return [7_000, 30_001].includes(packet.to.port) ? { ...packet, to: this.#inside } : undefined
  }
}

test('a relay behind a forwarded port is found there, though its own packets come from elsewhere', async () => {
  const world = new World({ seed: 3 })
  const town = await addCoordinator(world, 'example', DC)
  const relay = await addRelay(world, 'forwarded.relay', '192.168.1.2', town.join, {
    gateway: new Forwarding(),
  })
  await advertise(world, relay, town, [{ host: '198.51.100.50', port: 7_000 }])
  await world.run(2_000)
  expect(await listed(world, town)).toMatchObject([{ state: 'up', endpoints: ['198.51.100.50:7000'] }])
  await world.run(60 * 60_000)
  expect(await listed(world, town)).toMatchObject([{ state: 'up', endpoints: ['198.51.100.50:7000'] }])
  await world.end()
})

test('whom the operator has listed by its key is believed', async () => {
  const world = new World({ seed: 4 })
  const town = await addCoordinator(world, 'example', DC)
  const relay = await addRelay(world, 'known.relay', RELAY, town.join)
  await advertise(world, relay, town, [{ host: '203.0.113.77', port: 4500 }])
  await world.run(20_000)
  expect(await listed(world, town)).toMatchObject([{ state: 'unproved' }])
  await world.until(town.dc.call('dc.access.allow', { pattern: relay.keys.keys.tunnelKey }))
  await world.run(20_000)
  expect(await listed(world, town)).toMatchObject([{ state: 'up', endpoints: ['203.0.113.77:4500'] }])
  await world.end()
})

/** Coordinator and relay in one house, each behind a forwarded port; the router lets nobody in from inside. */
class Stern implements Gateway {
  readonly address = '198.51.100.60'
  readonly #inside: Readonly<Record<number, string>> = { 4500: '192.168.1.3', 7000: '192.168.1.2' }

  outbound(packet: Packet): Packet | undefined {
    const isOwn = packet.to.address === this.address
    const port = packet.from.address === this.#inside[4500] ? 4500 : 7_000
    return isOwn ? undefined : { ...packet, from: { address: this.address, port } }
  }

  inbound(packet: Packet): Packet | undefined {
    const address = this.#inside[packet.to.port]
    return address === undefined ? undefined : { ...packet, to: { address, port: 4500 } }
  }
}

test('a relay in the coordinator’s house is not found from inside; the operator lists it, and people meet there', async () => {
  const world = new World({ seed: 5 })
  const house = world.network.core.behind(new Stern())
  const at = (address: string) => ({ attachments: [{ address, on: house }] })
  const town = await addCoordinator(world, 'example', '192.168.1.3', at('192.168.1.3'))
  const relay = await addRelay(world, 'indoor.relay', '192.168.1.2', town.join, at('192.168.1.2'))
  await advertise(world, relay, town, [{ host: '198.51.100.60', port: 7_000 }])
  await world.run(60_000)
  expect(await listed(world, town)).toMatchObject([{ state: 'unproved', endpoints: ['198.51.100.60:7000'] }])
  await world.until(town.dc.call('dc.access.allow', { pattern: relay.keys.keys.tunnelKey }))
  await world.run(20_000)
  expect(await listed(world, town)).toMatchObject([{ state: 'up', endpoints: ['198.51.100.60:7000'] }])
  const outside = { ...town, join: town.join.replace('192.168.1.3', '198.51.100.60') }
  const alice = await addPerson(world, 'alice.example', '203.0.113.7', outside.join)
  await registered(world, alice)
  await world.run(5_000)
  const report = await world.until(alice.call('doctor', { timeoutMs: 3_000 }))
  expect(report).toMatchObject({ relays: [{ endpoint: '198.51.100.60:7000', rttMs: expect.any(Number) }] })
  await world.end()
})

const BOTH_OF_RELAY = ['203.0.113.20', '2001:db8::20'].map(address => ({ address }))

test.each([
  ['both families are found', true, ['203.0.113.20:4500', '[2001:db8::20]:4500']],
  ['by a coordinator with IPv4 alone: that one', false, ['203.0.113.20:4500']],
] as const)('of a relay with two families each is looked for: %s', async (_, hasBoth, endpoints) => {
  const world = new World({ seed: 6 })
  const places = ['203.0.113.1', ...(hasBoth ? ['2001:db8::1'] : [])].map(address => ({ address }))
  const town = await addCoordinator(world, 'example', '203.0.113.1', { attachments: places })
  await addRelay(world, 'dual.relay', '203.0.113.20', town.join, { attachments: BOTH_OF_RELAY })
  await world.run(2_000)
  expect(await listed(world, town)).toMatchObject([{ state: 'up', endpoints }])
  await world.end()
})
