/**
 * Alice and Bob have met directly, and each remembers where the other is. Then Alice wants nobody to know where she is.
 * Everything that leaves her host is looked at: whatever comes to her old place, nothing but the coordinator and the
 * relay gets a packet from there.
 */
import { expect, test } from 'vitest'
import type { SimHome } from '../../src/kernel/testing/sim-home.ts'
import type { Gateway, Packet } from '../../src/kernel/testing/sim-segment.ts'
import { World } from '../../src/kernel/testing/world.ts'
import { addCoordinator, addPerson, registered, say, textsOf, transportOf } from '../support/ntm-world.ts'

const DC = '10.0.0.1'
const ALICE = '10.0.0.2'
const BOB = '10.0.0.3'
/** Types of tunnel messages. */
const INITIATION = 1
const DATA = 4

/** All that passes Alice's door, either way. */
class Door implements Gateway {
  readonly address = ALICE
  left: Packet[] = []
  came: Packet[] = []

  outbound(packet: Packet): Packet {
    this.left.push({ ...packet, bytes: packet.bytes.slice() })
    return packet
  }

  inbound(packet: Packet): Packet {
    this.came.push({ ...packet, bytes: packet.bytes.slice() })
    return packet
  }

  forget(): void {
    this.left = []
    this.came = []
  }

  /** First bytes of what went there. */
  sentTo(address: string): readonly (number | undefined)[] {
    return this.left.filter(({ to }) => to.address === address).map(({ bytes }) => bytes[0])
  }

  /** Types of tunnel messages that came from there. */
  typesFrom(address: string): ReadonlySet<number | undefined> {
    return new Set(this.came.filter(({ from }) => from.address === address).map(({ bytes }) => bytes[0]))
  }
}

const configOf = (join: string, relayOnly: boolean) => ({
  plugins: { 'ntm.transport': { config: { dc: [join], listen: { address: ALICE, port: 4600 }, relayOnly } } },
})

/** Both are friends and met directly a moment ago; now she is started anew with `relayOnly`. */
async function afterTheChange(seed: number) {
  const world = new World({ seed })
  const { dc, join } = await addCoordinator(world, 'example', DC, { relay: true })
  const door = new Door()
  const alice = await addPerson(world, 'alice.example', ALICE, join, { gateway: door })
  await world.until(alice.stop())
  Object.assign(alice.spec, { config: configOf(join, false) })
  await world.restart(alice)
  const bob = await addPerson(world, 'bob.example', BOB, join)
  for (const home of [alice, bob]) await registered(world, home)
  await say(world, alice, bob, 'here I am')
  await world.until(bob.call('contact.accept', { name: 'alice.example' }))
  await say(world, bob, alice, 'I see you')
  await world.run(2_000)
  expect(door.sentTo(BOB)).toContain(DATA)
  expect(transportOf(bob).links()).toMatchObject([{ up: true, path: 'direct' }])
  await world.until(alice.stop())
  Object.assign(alice.spec, { config: configOf(join, true) })
  door.forget()
  return { world, dc, door, alice, bob }
}

const pathsOf = (home: SimHome) => transportOf(home).links()

test('she calls him by a relay, and his challenges to her old place are not answered', async () => {
  const { world, door, alice, bob } = await afterTheChange(1)
  await world.restart(alice)
  await registered(world, alice)
  await say(world, alice, bob, 'guess where')
  await world.run(20_000)
  await say(world, bob, alice, 'I cannot')
  await world.run(20_000)
  expect(await textsOf(world, alice, 'bob.example')).toEqual([
    'here I am',
    'I see you',
    'guess where',
    'I cannot',
  ])
  for (const home of [alice, bob]) expect(pathsOf(home)).toMatchObject([{ up: true, path: 'relay' }])
  expect(door.typesFrom(BOB)).toContain(DATA)
  expect(door.sentTo(BOB)).toEqual([])
  await world.end()
})

test('he calls her at her old place and by a relay, and is answered by the relay', async () => {
  const { world, door, alice, bob } = await afterTheChange(2)
  world.crash(bob)
  await world.restart(alice)
  await registered(world, alice)
  await world.run(5_000)
  await world.restart(bob)
  await world.run(20_000)
  await say(world, bob, alice, 'are you there?')
  await world.run(20_000)
  expect(door.typesFrom(BOB)).toContain(INITIATION)
  expect(door.sentTo(BOB)).toEqual([])
  for (const home of [alice, bob]) expect(pathsOf(home)).toMatchObject([{ up: true, path: 'relay' }])
  await world.end()
})

test('without a coordinator or a relay he is not answered at all', async () => {
  const { world, dc, door, alice, bob } = await afterTheChange(3)
  world.crash(bob)
  world.crash(dc)
  await world.restart(alice)
  await world.restart(bob)
  await world.run(30_000)
  expect(door.typesFrom(BOB)).toContain(INITIATION)
  expect(door.sentTo(BOB)).toEqual([])
  expect(pathsOf(bob).filter(({ up }) => up)).toEqual([])
  await world.end()
})
