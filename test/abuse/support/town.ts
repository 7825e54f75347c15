/**
 * The town that is attacked: a coordinator, a relay, Alice and Bob, all of them on the open Internet, where anybody's
 * packets reach them. Everything that was on the wire since the town began is kept.
 */

import type { HealthBook } from '../../../src/kernel/health.ts'
import type { SimHome } from '../../../src/kernel/testing/sim-home.ts'
import { QUIET } from '../../../src/kernel/testing/sim-network.ts'
import type { Packet } from '../../../src/kernel/testing/sim-segment.ts'
import { World } from '../../../src/kernel/testing/world.ts'
import { addCoordinator, addRelay, registered, type Town } from '../../support/ntm-world.ts'
import { Eve } from './eve.ts'
import { type OpenPerson, openPerson } from './open-node.ts'

export const AT = {
  dc: '203.0.113.1',
  rs: '203.0.113.10',
  alice: '198.51.100.1',
  bob: '198.51.100.2',
} as const
export const SERVER_PORT = 4_500
export const NODE_PORT = 49_152

export interface Attacked {
  readonly world: World
  readonly town: Town
  readonly dc: SimHome
  readonly rs: SimHome
  readonly alice: OpenPerson
  readonly bob: OpenPerson
  readonly eve: Eve
  /** All that was delivered among the four, in order. */
  readonly wire: readonly Packet[]
  /** What was thrown in any plugin: fences catch it, and a node goes on until it is too much. */
  readonly failures: string[]
}

/** Everybody is registered; Alice and Bob have not met. `aliceIpv6`: hers beside her other address. */
export async function attackedTown(seed: number, aliceIpv6?: string): Promise<Attacked> {
  const world = new World({ seed, faults: { ...QUIET, latencyMs: [0, 0] } })
  const wire: Packet[] = []
  const isOurs = (address: string): boolean => Object.values<string>(AT).includes(address)
  world.taps.add((fate, packet) => {
    if (fate === 'delivered' && isOurs(packet.from.address) && isOurs(packet.to.address)) wire.push(packet)
  })
  const eve = await new Eve(world).open()
  const attachments = [{ address: AT.dc, latencyMs: 5 }]
  const town = await addCoordinator(world, 'example', AT.dc, { attachments })
  const rs = await addRelay(world, 'rs.example', AT.rs, town.join, {
    attachments: [{ address: AT.rs, latencyMs: 5 }],
  })
  await world.run(1_000)
  const alice = await openMember(world, town, 'alice', aliceIpv6)
  const bob = await openMember(world, town, 'bob')
  const attacked = { world, town, dc: town.dc, rs, alice, bob, eve, wire, failures: [] }
  for (const home of [town.dc, rs, alice.home, bob.home]) heedFailures(attacked, home)
  return attacked
}

async function openMember(
  world: World,
  { join }: Town,
  name: 'alice' | 'bob',
  ipv6?: string,
): Promise<OpenPerson> {
  const person = await openPerson(world, { name, address: AT[name], ipv6, join })
  await registered(world, person.home)
  return person
}

/** Also after each start of a home. */
export function heedFailures({ failures }: Attacked, { device, spec }: SimHome): void {
  const health = device.house.health as HealthBook
  health.failure$.subscribe(failure => failures.push(`${spec.name}: ${failure}`))
}

/** Nothing has thrown anywhere. */
export async function ended({ world, failures }: Attacked): Promise<void> {
  if (failures.length > 0) throw new Error(failures.slice(0, 5).join('\n'))
  await world.end()
}
