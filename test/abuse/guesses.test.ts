/**
 * A contact that is met over a relay asks for guesses at its port, as one behind a hard NAT would, and has a coordinator
 * believe that it is at a victim's address. What reaches the victim is bounded: so many guesses an attempt, so many
 * attempts at one address.
 */
import { expect, test } from 'vitest'
import type { UdpEndpoint } from '../../src/kernel/api/index.ts'
import { say, transportOf } from '../support/ntm-world.ts'
import { type Mallory, mallory, TOKEN } from './support/mallory.ts'
import { AT, type Attacked, attackedTown } from './support/town.ts'

const VICTIM: UdpEndpoint = { address: '192.0.2.100', port: 7_777 }
test('a', async () => {
  const town = await attackedTown(1)
  const { world, eve, bob, dc } = town
  const peer = await mallory(town)
  eve.forget()
  peer.forge = to => [to.address === AT.dc ? VICTIM : undefined]
  peer.node.coordinators.moved()
  await world.run(3_000)
  console.log('dc->V', [...eve.accounts])
  peer.forge = () => [undefined]
  world.network.cut(peer.home.host, bob.home.host, 'both')
  eve.forget()
  await say(world, bob.home, peer.home, 'hello')
  console.log([...eve.accounts])
  for (let i = 0; i < 600; i++) {
    peer.word({ kind: 'punch', token: TOKEN, first: 1024, step: 1, count: 60000 }, bob.home)
    await world.run(100)
  }
  console.log([...eve.accounts], transportOf(bob.home).links())
})
