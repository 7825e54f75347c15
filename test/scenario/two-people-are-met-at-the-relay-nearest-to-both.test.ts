/**
 * A coordinator, two Relay Servers of different distance and two people who measure them: everybody is a process of
 * its own here, and everything between them goes through real tunnels. What people do with their tickets is tried to
 * the end: bytes of the one come out at the other.
 */
import { expect, test } from 'vitest'
import { Coordination } from '../../src/kernel/api/index.ts'
import type { SimHome } from '../../src/kernel/testing/sim-home.ts'
import { World } from '../../src/kernel/testing/world.ts'
import { BarePerson } from '../support/bare-person.ts'
import { addCoordinator, addRelay, type Town } from '../support/ntm-world.ts'

const [ONE, OTHER] = ['10.0.0.20', '10.0.0.30']
const FARTHER_MS = 40
/** Longer than a relay is believed in that has fallen silent. */
const LEASE_OVER_MS = 62_000
/** Longer than two waits between tries, as the first may still go through a dead session: seen are 6 to 34 s. */
const BACK_MS = 45_000

/** What comes from this relay, or goes there, takes longer. */
const putAway = ({ host }: SimHome): void => host.move([{ address: host.address, latencyMs: FARTHER_MS }])

const peopleIn = async (world: World, { join }: Town) => {
  const alice = new BarePerson(world, 'alice.example', '10.0.1.1', join)
  const bob = new BarePerson(world, 'bob.example', '10.0.1.2', join)
  for (const person of [alice, bob]) await world.until(person.start())
  await world.run(5_000)
  return { alice, bob }
}

const keyOf = (home: SimHome) => home.keys.keys.tunnelKey

const village = async (seed: number) => {
  const world = new World({ seed })
  const town = await addCoordinator(world)
  const one = await addRelay(world, 'one.relay', ONE, town.join)
  const other = await addRelay(world, 'other.relay', OTHER, town.join)
  await world.run(1_000)
  // The one that would be taken if nobody had measured.
  const [far, near] = keyOf(one) < keyOf(other) ? [one, other] : [other, one]
  putAway(far)
  return { world, town, near, far, ...(await peopleIn(world, town)) }
}

/** The same key at this port, in this coordinator's service. */
const startAnew = async (world: World, relay: SimHome, port: number, { join }: Town): Promise<void> => {
  world.crash(relay)
  const listen = [{ address: relay.spec.address, port }]
  const config = { plugins: { 'ntm.relay-tunnel': { config: { listen, dc: join } } } }
  Object.assign(relay.spec, { config })
  await world.restart(relay)
}
/** What a relay thinks of how it stands to its coordinator. */
const standingOf = ({ device }: SimHome): string => {
  const services = device.house.contributions('service')
  const { value } = services.find(({ token }) => token.id === Coordination.id)!
  return (value as Coordination).state()
}
const relaysOf = async (world: World, { dc }: Town) => {
  const { relays } = (await world.until(dc.call('dc.relay.ls', {}))) as {
    relays: { relay: string; state: string; endpoints: string[] }[]
  }
  return relays.map(({ relay, state, endpoints }) => [relay, state, ...endpoints])
}

/** Whether bytes of the one come out at the other, by the grants that both were given. */
const passes = async (
  world: World,
  [alice, bob]: readonly [BarePerson, BarePerson],
  grants: readonly [Uint8Array, Uint8Array],
): Promise<boolean> => {
  const heard: string[] = []
  const onPacket = (packet: Uint8Array) => heard.push(Buffer.from(packet).toString())
  const hers = alice.relays.open(grants[0], { onPacket: () => undefined, onState: () => undefined })!
  const his = bob.relays.open(grants[1], { onPacket, onState: () => undefined })!
  await world.run(2_000)
  hers.send(Buffer.from('a packet for Bob'), hers.endpoint)
  await world.run(2_000)
  for (const channel of [hers, his]) channel.close()
  return heard.includes('a packet for Bob')
}

const end = async (world: World, ...people: readonly BarePerson[]): Promise<void> => {
  for (const person of people) person.stop()
  await world.end()
}

test('they learn of both, say what they measured, and are sent to the nearer one, which takes their tickets', async () => {
  const { world, town, near, far, alice, bob } = await village(1)
  const both = (await relaysOf(world, town)).map(([relay]) => relay)
  expect(new Set(both)).toEqual(new Set([far, near].map(keyOf)))
  for (const { lists } of [alice, bob]) expect(lists.at(-1)?.map(({ relay }) => relay)).toEqual(both)
  const { relay, grants } = await alice.meet(bob)
  expect(relay).toBe(keyOf(near))
  expect(await passes(world, [alice, bob], grants)).toBe(true)
  expect(await passes(world, [alice, bob], [grants[1], grants[0]]).catch(() => false)).toBe(false)
  await end(world, alice, bob)
})

test('a relay that dies is given to nobody once its lease is over, and again when it is back, as the same', async () => {
  const { world, town, near, far, alice, bob } = await village(2)
  world.crash(near)
  await world.run(LEASE_OVER_MS)
  expect(await relaysOf(world, town)).toEqual([[keyOf(far), 'up', `${far.spec.address}:4500`]])
  const meanwhile = await alice.meet(bob)
  expect(meanwhile.relay).toBe(keyOf(far))
  expect(await passes(world, [alice, bob], meanwhile.grants)).toBe(true)
  await world.restart(near)
  await world.run(180_000)
  const { relay, grants } = await alice.meet(bob)
  expect(relay).toBe(keyOf(near))
  expect(await passes(world, [alice, bob], grants)).toBe(true)
  await end(world, alice, bob)
})

test('a relay that comes back at another port is found there, and hears so', async () => {
  const { world, town, near, far, alice, bob } = await village(8)
  expect(standingOf(near)).toBe('up')
  await startAnew(world, near, 4700, town)
  expect(standingOf(near)).not.toBe('up')
  await world.run(5_000)
  expect(standingOf(near)).toBe('up')
  const relays = await relaysOf(world, town)
  expect(new Set(relays)).toEqual(
    new Set([
      [keyOf(far), 'up', `${far.spec.address}:4500`],
      [keyOf(near), 'up', `${near.spec.address}:4700`],
    ]),
  )
  await world.run(180_000)
  const { relay, grants } = await alice.meet(bob)
  expect(relay).toBe(keyOf(near))
  expect(await passes(world, [alice, bob], grants)).toBe(true)
  await end(world, alice, bob)
})

test('a coordinator that lost its power has both relays again by itself', async () => {
  const { world, town, near, far, alice, bob } = await village(3)
  world.crash(town.dc)
  await world.run(120_000)
  await world.restart(town.dc)
  await world.run(BACK_MS)
  const relays = await relaysOf(world, town)
  expect(relays.map(([relay, state]) => [relay, state]).sort()).toEqual(
    [near, far].map(home => [keyOf(home), 'up']).sort(),
  )
  await world.run(60_000)
  expect((await alice.meet(bob)).relay).toBe(keyOf(near))
  await end(world, alice, bob)
})

test('tickets hold while the coordinator is dead, also at a relay that was restarted meanwhile', async () => {
  const { world, town, near, alice, bob } = await village(4)
  const { grants } = await alice.meet(bob)
  world.crash(town.dc)
  world.crash(near)
  await world.restart(near)
  await world.run(5_000)
  expect(await passes(world, [alice, bob], grants)).toBe(true)
  await end(world, alice, bob)
})

test('a relay of another coordinator takes none of these tickets', async () => {
  const { world, near, alice, bob } = await village(5)
  const elsewhere = await addCoordinator(world, 'elsewhere', '10.0.2.1')
  const { grants } = await alice.meet(bob)
  await startAnew(world, near, 4500, elsewhere)
  await world.run(5_000)
  expect(await relaysOf(world, elsewhere)).toEqual([[keyOf(near), 'up', `${near.spec.address}:4500`]])
  expect(await passes(world, [alice, bob], grants)).toBe(false)
  await end(world, alice, bob)
})

test('the relay in the coordinator’s own process serves as well, on the coordinator’s port', async () => {
  const world = new World({ seed: 6 })
  const town = await addCoordinator(world, 'example', '10.0.0.1', { relay: true })
  const { alice, bob } = await peopleIn(world, town)
  expect(await relaysOf(world, town)).toEqual([[keyOf(town.dc), 'up', '10.0.0.1:4500']])
  const { relay, grants } = await alice.meet(bob)
  expect(relay).toBe(keyOf(town.dc))
  expect(await passes(world, [alice, bob], grants)).toBe(true)
  await end(world, alice, bob)
})

test('where names need an invite token so does a relay, once; and an operator can take it away', async () => {
  const world = new World({ seed: 7 })
  const town = await addCoordinator(world)
  await world.until(town.dc.call('dc.access.set', { mode: 'tokens' }))
  const { token } = (await world.until(town.dc.call('dc.token.new', {}))) as { token: string }
  const invited = await addRelay(world, 'invited.relay', ONE, town.join, { token })
  const uninvited = await addRelay(world, 'uninvited.relay', OTHER, town.join, { token: 'made up' })
  await world.run(2_000)
  expect(await relaysOf(world, town)).toEqual([[keyOf(invited), 'up', `${ONE}:4500`]])
  world.crash(town.dc)
  await world.restart(town.dc)
  expect(await relaysOf(world, town)).toEqual([[keyOf(invited), 'down']])
  await world.run(BACK_MS)
  expect(await relaysOf(world, town)).toEqual([[keyOf(invited), 'up', `${ONE}:4500`]])
  await world.until(town.dc.call('dc.relay.remove', { relay: keyOf(invited) }))
  expect(await relaysOf(world, town)).toEqual([])
  await world.run(120_000)
  expect(await relaysOf(world, town)).toEqual([])
  await world.until(town.dc.call('dc.access.set', { mode: 'open' }))
  await world.run(120_000)
  expect(await relaysOf(world, town)).toEqual([[keyOf(uninvited), 'up', `${OTHER}:4500`]])
  await world.end()
})
