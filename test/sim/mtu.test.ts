/**
 * Lines that drop what is longer than they carry, without a word: each path finds out how much that is, over nodes and
 * relays as they are, and nothing that is said is lost meanwhile.
 */
import { expect, test } from 'vitest'
import { type LineSpec, neighbourhood } from '../support/neighbourhood.ts'
import { say, transportOf } from '../support/ntm-world.ts'

const PACKETS_OF_ANY = 'Long enough to fill a datagram. '.repeat(60)

async function meeting(alice: LineSpec, bob: LineSpec) {
  const hood = await neighbourhood({ seed: 1, alice, bob, relayLatenciesMs: [5] })
  const { world } = hood
  const link = () => transportOf(hood.alice.home).links()[0]
  const talk = async (times: number): Promise<void> => {
    for (let said = 0; said < times; said += 1) {
      await say(world, hood.alice.home, hood.bob.home, PACKETS_OF_ANY)
      await world.run(700)
    }
  }
  return { hood, world, link, talk }
}

test.each([
  ['1,500 bytes', { mtuBytes: 1_500 }, {}, 1_500],
  ['1,400 bytes at this end', { mtuBytes: 1_400 }, { mtuBytes: 1_500 }, 1_400],
  ['1,400 bytes at the other end', {}, { mtuBytes: 1_400 }, 1_400],
  ['1,280 bytes', { mtuBytes: 1_280 }, {}, 1_280],
  [
    '1,400 bytes of IPv6',
    { nat: 'none', ipv6: 'open', mtuBytes: 1_400 },
    { nat: 'none', ipv6: 'open' },
    1_400,
  ],
] as const)('a direct path of %s', async (_, alice, bob, mtu) => {
  const { world, link, talk } = await meeting(alice, bob)
  await talk(8)
  expect(link()).toMatchObject({ path: 'direct', mtu })
  await world.end()
})

test('a path by a relay, and the one of another line afterwards', async () => {
  const { hood, world, link, talk } = await meeting({ mtuBytes: 1_400 }, { nat: 'public' })
  const heal = world.network.cut(hood.alice.line.nat!, hood.bob.home.host, 'both')
  await talk(8)
  expect(link()).toMatchObject({ path: 'relay', mtu: 1_400 })
  hood.alice.home.host.move(hood.line({ nat: 'public', mtuBytes: 1_500 }).next())
  heal()
  await talk(8)
  expect(link()).toMatchObject({ path: 'direct', mtu: 1_500 })
  await world.end()
})

test('a path by a relay through TCP, and without it afterwards', async () => {
  const { hood, world, link, talk } = await meeting({ mtuBytes: 1_400 }, { nat: 'public' })
  world.network.cut(hood.alice.line.nat!, hood.bob.home.host, 'both')
  await talk(1)
  hood.alice.line.block()
  await talk(20)
  expect(link()).toMatchObject({ path: 'relay', mtu: 1_500, why: expect.stringMatching(/^over TCP/) })
  hood.alice.line.block(false)
  await world.run(60_000)
  await talk(8)
  expect(link()).toMatchObject({ path: 'relay', mtu: 1_400, why: expect.not.stringMatching(/^over TCP/) })
  await world.end()
})
