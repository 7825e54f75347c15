/**
 * Alice has IPv4 behind a router, Bob IPv6 behind a firewall, and neither has the other: a coordinator that speaks both
 * directs them, and a relay that speaks both carries. Two with IPv6 need no relay; who gains it uses it.
 */
import { expect, test } from 'vitest'
import { neighbourhood } from '../support/neighbourhood.ts'
import { say, transportOf } from '../support/ntm-world.ts'

const IPV6_ONLY = { nat: 'none', ipv6: 'firewall' } as const
const linkOf = ({ home }: { home: Parameters<typeof transportOf>[0] }) => transportOf(home).links()[0]

test('over a relay that speaks both', async () => {
  const hood = await neighbourhood({ seed: 1, alice: { nat: 'home' }, bob: IPV6_ONLY, relayLatenciesMs: [5] })
  const { world, alice, bob } = hood
  expect(await say(world, alice.home, bob.home, 'hello')).toMatchObject({ state: 'delivered', path: 'relay' })
  expect(await say(world, bob.home, alice.home, 'hello yourself')).toMatchObject({ state: 'delivered' })
  await world.run(10_000)
  for (const one of [alice, bob]) expect(linkOf(one)).toMatchObject({ up: true, path: 'relay' })
  await world.end()
})

test('directly, as soon as both have IPv6', async () => {
  const hood = await neighbourhood({ seed: 2, alice: { nat: 'home' }, bob: IPV6_ONLY, relayLatenciesMs: [5] })
  const { world, alice, bob } = hood
  await say(world, alice.home, bob.home, 'hello')
  alice.home.host.move(hood.line({ nat: 'home', ipv6: 'firewall' }).next())
  await world.run(1_000)
  await say(world, alice.home, bob.home, 'and now?')
  await world.run(3_000)
  for (const one of [alice, bob]) expect(linkOf(one)).toMatchObject({ up: true, path: 'direct' })
  expect(linkOf(alice)?.address).toMatch(/^\[2001:db8:/)
  await world.end()
})

test('through two firewalls, without a relay', async () => {
  const { world, alice, bob } = await neighbourhood({ seed: 3, alice: IPV6_ONLY, bob: IPV6_ONLY })
  expect(await say(world, alice.home, bob.home, 'hello')).toMatchObject({
    state: 'delivered',
    path: 'direct',
  })
  await world.end()
})
