/**
 * Alice's coordinator knows where she is. Bob asks it, and everything that reaches him is looked at: a friend is
 * told at once, somebody undecided only while she says so herself, and somebody blocked is not told at all.
 */
import { describe, expect, test } from 'vitest'
import type { SimHome } from '../../src/kernel/testing/sim-home.ts'
import type { Gateway, Packet } from '../../src/kernel/testing/sim-segment.ts'
import { World } from '../../src/kernel/testing/world.ts'
import { addCoordinator, addPerson, registered, type Town, transportOf } from '../support/ntm-world.ts'

const BOBS_PLACE = '10.0.0.3'
/** A direction carries a name record with its proof; a refusal is a word. */
const REFUSAL_MAX_BYTES = 160

/** Everything that comes in at Bob's door. */
class Door implements Gateway {
  readonly address = BOBS_PLACE
  packets: Packet[] = []

  outbound(packet: Packet): Packet {
    return packet
  }

  inbound(packet: Packet): Packet {
    this.packets.push(packet)
    return packet
  }

  /** The longest packet from there; 0 if none came. */
  longestFrom({ spec }: SimHome): number {
    const from = this.packets.filter(packet => packet.from.address === spec.address)
    return Math.max(0, ...from.map(({ bytes }) => bytes.length))
  }
}

interface Scene extends Pick<Town, 'dc'> {
  readonly world: World
  readonly door: Door
  readonly alice: SimHome
  readonly bob: SimHome
}

/** Alice and Bob are registered and have not met. */
async function strangers(seed: number): Promise<Scene> {
  const world = new World({ seed })
  const { dc, join } = await addCoordinator(world)
  const door = new Door()
  const alice = await addPerson(world, 'alice.example', '10.0.0.2', join)
  const bob = await addPerson(world, 'bob.example', BOBS_PLACE, join, { gateway: door })
  for (const home of [alice, bob]) await registered(world, home)
  return { world, dc, door, alice, bob }
}

/** Bob asks for the way to her; nothing that came before counts. */
async function bobAsks({ world, door, alice, bob }: Scene): Promise<unknown> {
  await world.run(1_000)
  door.packets = []
  const { device, tunnelKey } = alice.keys.keys
  const card = { device, tunnelKey, person: alice.personId!, name: alice.spec.name }
  return world.until(transportOf(bob).reach(card))
}

const decide = ({ world, alice, bob }: Scene, method: 'contact.accept' | 'contact.block') =>
  world.until(alice.call(method, { name: bob.spec.name }))

/** Her power goes, and the coordinator does not know it. */
async function sheFallsSilent({ world, alice }: Scene): Promise<void> {
  world.crash(alice)
  await world.run(10_000)
}

describe('Bob asks where Alice is', () => {
  test('as one whom she has blocked: unreachable, and no address of hers leaves', async () => {
    const scene = await strangers(1)
    const { world, dc, door, alice } = scene
    await decide(scene, 'contact.block')
    expect(await bobAsks(scene)).toEqual({
      up: false,
      reason: 'no path to alice.example: the coordinator says unreachable',
    })
    expect(door.longestFrom(dc)).toBeGreaterThan(0)
    expect(door.longestFrom(dc)).toBeLessThan(REFUSAL_MAX_BYTES)
    expect(door.longestFrom(alice)).toBe(0)
    await world.end()
  })

  test('as one whom she has not decided about: she is asked each time', async () => {
    const scene = await strangers(2)
    const { world, dc, door } = scene
    expect(await bobAsks(scene)).toEqual({ up: true })
    expect(door.longestFrom(dc)).toBeGreaterThan(REFUSAL_MAX_BYTES)
    await sheFallsSilent(scene)
    expect(await bobAsks(scene)).toMatchObject({ up: false })
    expect(door.longestFrom(dc)).toBeLessThan(REFUSAL_MAX_BYTES)
    await world.end()
  })

  test('as her friend: he is told at once, even while she does not answer', async () => {
    const scene = await strangers(3)
    const { world, dc, door } = scene
    await decide(scene, 'contact.accept')
    expect(await bobAsks(scene)).toEqual({ up: true })
    await sheFallsSilent(scene)
    expect(await bobAsks(scene)).toMatchObject({ up: false })
    expect(door.longestFrom(dc)).toBeGreaterThan(REFUSAL_MAX_BYTES)
    await world.end()
  })
})
