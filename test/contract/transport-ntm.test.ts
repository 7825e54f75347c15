/** Tunnels through a coordinator keep the contract of a transport, in virtual time. */
import type { PeerCard, People as PeopleService } from '../../src/kernel/api/index.ts'
import { People } from '../../src/kernel/api/index.ts'
import type { SimHome } from '../../src/kernel/testing/sim-home.ts'
import type { TransportPair } from '../../src/kernel/testing/transport-checks.ts'
import { transportContract } from '../../src/kernel/testing/transport-contract.ts'
import { World } from '../../src/kernel/testing/world.ts'
import { townOf, transportOf } from '../support/ntm-world.ts'
import { cardOf, STRANGER } from './support/cards.ts'

const cardIn = (home: SimHome): PeerCard => cardOf(home.spec.name, home.person!.person, home.keys)

/** Two who know each other's names and have no tunnel yet. */
async function pairInTown(): Promise<TransportPair> {
  const world = new World({ seed: 1 })
  const { people } = await townOf(world, 'alice', 'bob')
  const { alice, bob } = people
  const aliceKnows: PeopleService = alice.device.house.get(People)
  await world.until(aliceKnows.find('bob.example'))
  return {
    one: transportOf(alice),
    other: transportOf(bob),
    oneCard: cardIn(alice),
    otherCard: cardIn(bob),
    strangerCard: STRANGER,
    until: promise => world.until(promise),
    settle: () => world.run(2_000),
    dispose: () => world.end(),
  }
}

transportContract('The transport of tunnels on the simulated network', pairInTown)
