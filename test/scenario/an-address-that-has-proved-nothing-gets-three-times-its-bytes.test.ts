/**
 * Bob can have his packets come from wherever his line lets him. Whose address he takes gets no more than three times
 * the bytes that seemed to come from there, in challenges and answers together, whatever Alice has to look for.
 */
import { expect, test } from 'vitest'
import type { UdpEndpoint } from '../../src/kernel/api/index.ts'
import { neighbourhood } from '../support/neighbourhood.ts'
import { say, transportOf } from '../support/ntm-world.ts'

const VICTIM: UdpEndpoint = { address: '192.0.2.66', port: 4_500 }
const CHALLENGE_BYTES = 96

test.each([1, 2, 5])('%i forged challenges', async forgeries => {
  const hood = await neighbourhood({
    ...{ seed: 1, alice: { nat: 'public' }, bob: { nat: 'public' }, relayLatenciesMs: [5] },
  })
  const { world, alice, bob } = hood
  await say(world, alice.home, bob.home, 'hello')
  await world.run(2_000)
  const { network } = world
  const carry = network.carry.bind(network)
  let [came, went] = [0, 0]
  network.carry = departure => {
    const { packet, host } = departure
    const isForged =
      host === bob.home.host && packet.bytes.length === CHALLENGE_BYTES && came < forgeries * CHALLENGE_BYTES
    if (isForged) came += packet.bytes.length
    if (host === alice.home.host && packet.to.address === VICTIM.address) went += packet.bytes.length
    carry(isForged ? { ...departure, packet: { ...packet, from: VICTIM } } : departure)
  }
  for (let text = 0; text < 20; text += 1) {
    await say(world, bob.home, alice.home, `and ${text}`)
    await world.run(500)
  }
  for (const line of [1, 2, 3]) {
    bob.home.host.move(hood.line({ nat: 'public' }).next())
    await world.run(line * 1_000)
  }
  expect(came).toBe(forgeries * CHALLENGE_BYTES)
  expect(went).toBeGreaterThan(CHALLENGE_BYTES)
  expect(went).toBeLessThanOrEqual(3 * came)
  expect(transportOf(alice.home).links()[0]?.path).toBe('direct')
  await world.end()
})
