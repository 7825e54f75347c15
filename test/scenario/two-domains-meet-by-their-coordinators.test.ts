/**
 * Alice lives in one domain and Bob in another, each with its coordinator. Alice's node finds Bob's coordinator in
 * DNS, or where she was told, and is a guest there for as long as it has something to ask.
 */
import { describe, expect, test } from 'vitest'
import type { SimHome } from '../../src/kernel/testing/sim-home.ts'
import { World } from '../../src/kernel/testing/world.ts'
import { addCoordinator, addPerson, registered, say, statsOf, type Town } from '../support/ntm-world.ts'

const FOREIGN = '10.2.0.1'

async function twoDomains(seed: number) {
  const world = new World({ seed })
  const home = await addCoordinator(world, 'one.test', '10.1.0.1')
  const foreign = await addCoordinator(world, 'two.test', FOREIGN)
  const alice = await addPerson(world, 'alice.one.test', '10.1.0.2', home.join)
  const bob = await addPerson(world, 'bob.two.test', '10.2.0.2', foreign.join)
  for (const node of [alice, bob]) await registered(world, node)
  return { world, home, foreign, alice, bob }
}

interface Dns {
  readonly srv: string
  readonly txt: string
  readonly service: string
}

/** Puts into DNS what a coordinator says should stand there. */
async function publish(world: World, { dc }: Pick<Town, 'dc'>, host: string, txt?: string): Promise<Dns> {
  const dns = (await world.until(dc.call('dc.dns', { host, port: 4500 }))) as Dns
  world.network.names.set(host, [dc.spec.address])
  world.network.srvRecords.set(dns.service, [{ host, port: 4500, priority: 0, weight: 0 }])
  world.network.txtRecords.set(dns.service, [txt ?? dns.txt])
  return dns
}

const add = (world: World, who: SimHome, name: string) => world.until(who.call('contact.add', { name }))

describe('two domains', () => {
  test('find each other in DNS', async () => {
    const { world, home, foreign, alice, bob } = await twoDomains(1)
    await publish(world, foreign, 'dc.two.test')
    expect(await say(world, alice, bob, 'hello over there')).toMatchObject({ state: 'delivered' })
    expect(await say(world, bob, alice, 'hello')).toMatchObject({ state: 'delivered', path: 'direct' })
    expect(await statsOf(world, foreign)).toMatchObject({ registered: 1, guests: 1 })
    expect(await statsOf(world, home)).toMatchObject({ registered: 1, guests: 0 })
    await world.end()
  })

  test('find each other where a person said', async () => {
    const { world, foreign, alice, bob } = await twoDomains(2)
    await expect(say(world, alice, bob, 'nobody knows where')).rejects.toMatchObject({ code: 'UNKNOWN_PEER' })
    await world.until(alice.call('dc.pin', { name: 'bob.two.test', join: foreign.join }))
    expect(await say(world, alice, bob, 'now I know')).toMatchObject({ state: 'delivered', path: 'direct' })
    await world.end()
  })

  test('do so while the coordinator of the asker is dead', async () => {
    const { world, home, foreign, alice, bob } = await twoDomains(3)
    await publish(world, foreign, 'dc.two.test')
    world.crash(home.dc)
    await world.run(180_000)
    expect(await say(world, alice, bob, 'anyway')).toMatchObject({ state: 'delivered' })
    await world.end()
  })

  test('go on when both coordinators are dead, and the guest has long left', async () => {
    const { world, home, foreign, alice, bob } = await twoDomains(4)
    await publish(world, foreign, 'dc.two.test')
    await say(world, alice, bob, 'before')
    await world.run(30 * 60_000)
    expect(await statsOf(world, foreign)).toMatchObject({ guests: 0 })
    for (const { dc } of [home, foreign]) world.crash(dc)
    for (const node of [alice, bob]) world.crash(node)
    for (const node of [alice, bob]) await world.restart(node)
    expect(await say(world, alice, bob, 'after')).toMatchObject({ state: 'delivered' })
    await world.end()
  })
})

describe('another key for a domain', () => {
  test('is not followed, however loudly DNS says so', async () => {
    const { world, foreign, alice } = await twoDomains(5)
    await publish(world, foreign, 'dc.two.test')
    await add(world, alice, 'bob.two.test')
    await world.run(30 * 60_000)
    const impostor = await addCoordinator(world, 'two.test', '10.6.6.6', {})
    const carol = await addPerson(world, 'carol.two.test', '10.6.6.7', impostor.join)
    await registered(world, carol)
    await publish(world, impostor, 'dc.two.test')
    await expect(add(world, alice, 'carol.two.test')).rejects.toMatchObject({ code: 'UNKNOWN_PEER' })
    expect(await statsOf(world, impostor)).toMatchObject({ guests: 0 })
    await world.end()
  })

  test('is followed when the coordinator before it signed it', async () => {
    const { world, foreign, alice } = await twoDomains(6)
    await publish(world, foreign, 'dc.two.test')
    await add(world, alice, 'bob.two.test')
    await world.run(30 * 60_000)
    const heir = await addCoordinator(world, 'two.test', '10.2.0.9', {})
    const carol = await addPerson(world, 'carol.two.test', '10.2.0.8', heir.join)
    await registered(world, carol)
    const { tunnelKey, device } = heir.dc.keys.keys
    const base64url = (hex: string) => Buffer.from(hex, 'hex').toString('base64url')
    const successor = { key: base64url(tunnelKey), identity: base64url(device) }
    const { txt } = (await world.until(foreign.dc.call('dc.succession', successor))) as Dns
    await publish(world, heir, 'dc.two.test', txt)
    expect(await add(world, alice, 'carol.two.test')).toMatchObject({ name: 'carol.two.test' })
    await world.end()
  })
})
