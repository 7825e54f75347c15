/** People with the plugins of `ntm up` behind every kind of line: all of them reach their coordinator. */
import { expect, test } from 'vitest'
import { NAT_KINDS, type NatKind } from '../../src/kernel/testing/nat-kinds.ts'
import { COORDINATOR_PLUGINS } from '../../src/plugins/first-party-coordinator.ts'
import { neighbourhood } from '../support/neighbourhood.ts'
import { say, statsOf } from '../support/ntm-world.ts'

test.each(Object.keys(NAT_KINDS) as NatKind[])('both are registered from behind %s', async nat => {
  const hood = await neighbourhood({ seed: 1, alice: { nat }, bob: { nat, carrier: 'home' } })
  const { world, town, alice, bob } = hood
  expect(await statsOf(world, town)).toMatchObject({ registered: 2 })
  const nats = [alice.line.nat, bob.line.nat, bob.line.carrier?.nat]
  expect(nats.map(each => each?.peak)).toEqual([1, 1, 1])
  await world.end()
})

test('public people write to each other, at the latency of their lines', async () => {
  const public20 = { nat: 'public', latencyMs: 20 } as const
  const { world, alice, bob } = await neighbourhood({
    ...{ seed: 2, alice: public20, bob: { ...public20, latencyMs: 30 } },
  })
  const [from, to] = [alice.home, bob.home]
  expect(await say(world, from, to, 'hello')).toMatchObject({ state: 'delivered', path: 'direct' })
  const startMs = world.clock.monotonicMs()
  await say(world, from, to, 'again')
  expect(world.clock.monotonicMs() - startMs).toBeGreaterThanOrEqual(100)
  expect(world.clock.monotonicMs() - startMs).toBeLessThan(110)
  await world.end()
})

test('two on one line meet on their LAN', async () => {
  const { world, alice, bob } = await neighbourhood({ seed: 3, alice: {}, bob: 'with alice' })
  expect(await say(world, alice.home, bob.home, 'hello')).toMatchObject({ path: 'direct' })
  await world.end()
})

test('who moves to another line keeps the sockets, and is nowhere to be found on the old one', async () => {
  const hood = await neighbourhood({ seed: 4, alice: {}, bob: { nat: 'public' } })
  const { world, alice, bob } = hood
  const line = hood.line({ nat: 'symmetric', ipv6: 'firewall' })
  const old = alice.line.nat!.flowsAt(world.clock.monotonicMs())
  alice.home.host.move(line.next())
  await say(world, alice.home, bob.home, 'from elsewhere')
  expect(alice.line.nat!.peak).toBe(old)
  expect(line.nat!.peak).toBeGreaterThan(0)
  expect(alice.home.host.localAddresses()).toHaveLength(2)
  await world.end()
})

test('a second server stands beside the coordinator', async () => {
  const hood = await neighbourhood({ seed: 5, alice: {}, bob: { ipv6: 'open' } })
  const server = await hood.server('dc.other', COORDINATOR_PLUGINS, address => ({
    plugins: {
      'ntm.dc-tunnel': { config: { listen: { address, port: 4500 } } },
      'ntm.dc': { config: { domain: 'other' } },
    },
  }))
  expect(await hood.world.until(server.call('dc.address', {}))).toMatchObject({
    address: '203.0.113.10:4500',
  })
  await hood.world.end()
})
