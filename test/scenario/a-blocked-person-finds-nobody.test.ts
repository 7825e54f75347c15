/**
 * Bob was a friend of Alice and could be told at once where she is. She blocks him: from then on he is told nothing,
 * his packets open no tunnel, and she calls him no more, whatever is restarted in between.
 */
import { expect, test } from 'vitest'
import type { SimHome } from '../../src/kernel/testing/sim-home.ts'
import { World } from '../../src/kernel/testing/world.ts'
import { say, type Town, textsOf, townOf, transportOf } from '../support/ntm-world.ts'

async function friends(seed: number) {
  const world = new World({ seed })
  const town = await townOf(world, 'alice', 'bob')
  const { alice, bob } = town.people
  await say(world, alice, bob, 'hello')
  await say(world, bob, alice, 'hello')
  // Alice accepted Bob: the next time that he asks, the coordinator is allowed to tell him at once.
  await world.until(bob.stop())
  await world.run(10_000)
  await world.restart(bob)
  await world.run(10_000)
  return { world, town, alice, bob }
}

const block = (world: World, by: SimHome, whom: SimHome) =>
  world.until(by.call('contact.block', { name: whom.spec.name }))

/** Bob asks the coordinator, and tries every address that he ever knew. */
async function bobIsAlone(world: World, bob: SimHome, alice: SimHome): Promise<void> {
  const card = {
    device: alice.keys.keys.device,
    tunnelKey: alice.keys.keys.tunnelKey,
    person: alice.personId!,
    name: alice.spec.name,
  }
  const answer = await world.until(transportOf(bob).reach(card))
  expect(answer).toMatchObject({ up: false })
  expect(transportOf(alice).links()).toEqual([])
  expect(await world.until(transportOf(bob).ping(card.device, 5_000))).toBeUndefined()
}

/** Datagrams from Alice to Bob while `during` runs. */
async function heardFrom(world: World, alice: SimHome, bob: SimHome, during: () => Promise<unknown>) {
  let heard = 0
  const ear = world.network.host(bob.spec.address)
  const socket = await ear.udp({ address: bob.spec.address, port: 49_152 }, (_, { address }) => {
    if (address === alice.spec.address) heard += 1
  })
  await during()
  await socket.close()
  return heard
}

test('a standing tunnel ends, and no other comes', async () => {
  const { world, alice, bob } = await friends(1)
  expect(transportOf(alice).links()).toMatchObject([{ up: true }])
  await block(world, alice, bob)
  // Whom he heard a moment ago he takes to be there without looking.
  await world.run(6_000)
  await bobIsAlone(world, bob, alice)
  await world.run(300_000)
  await bobIsAlone(world, bob, alice)
  await world.end()
})

test('who was blocked while the coordinator was down is told nothing after it is back', async () => {
  const { world, town, alice, bob } = await friends(2)
  await world.until(town.dc.stop())
  await block(world, alice, bob)
  await world.until(alice.stop())
  await world.restart(town.dc)
  await world.restart(alice)
  await world.run(30_000)
  await bobIsAlone(world, bob, alice)
  await world.end()
})

test('the coordinator is told to forget the authorisation, and again at every start', async () => {
  const { world, town, alice, bob } = await friends(3)
  const withdrawals = async ({ dc }: Town) =>
    ((await world.until(dc.call('dc.stats', {}))) as { received: Record<string, number> }).received[
      'authorisation-withdrawal'
    ]
  expect(await withdrawals(town)).toBe(0)
  await block(world, alice, bob)
  await world.run(1_000)
  expect(await withdrawals(town)).toBe(1)
  await world.until(alice.stop())
  await world.restart(alice)
  await world.run(10_000)
  expect(await withdrawals(town)).toBe(2)
  await world.end()
})

test('a restarted node does not call whom it blocked', async () => {
  const { world, alice, bob } = await friends(4)
  await block(world, alice, bob)
  await world.run(1_000)
  await world.until(alice.stop())
  await world.until(bob.stop())
  const heard = await heardFrom(world, alice, bob, async () => {
    await world.restart(alice)
    await world.run(60_000)
  })
  expect(heard).toBe(0)
  await world.end()
})

/** Bob takes his tunnel for a living one for about 90 s, and sends into it again after at most RTO_MAX_MS. */
test.each([
  { blockedMs: 1_000, withinMs: 16_000 },
  { blockedMs: 60_000, withinMs: 16_000 },
  { blockedMs: 200_000, withinMs: 2_000 },
  { blockedMs: 900_000, withinMs: 2_000 },
])('who is accepted after $blockedMs ms is heard within $withinMs ms', async ({ blockedMs, withinMs }) => {
  const { world, alice, bob } = await friends(5)
  await block(world, alice, bob)
  const call = bob.call('send', { to: alice.spec.name, text: 'are you there?', timeoutMs: 2_000_000 })
  await world.run(blockedMs)
  expect(await textsOf(world, alice, bob.spec.name)).toEqual(['hello', 'hello'])
  await world.until(alice.call('contact.accept', { name: bob.spec.name }))
  const acceptedAtMs = world.clock.monotonicMs()
  expect(await world.until(call)).toMatchObject({ state: 'delivered' })
  expect(world.clock.monotonicMs() - acceptedAtMs).toBeLessThan(withinMs)
  await world.end()
})
