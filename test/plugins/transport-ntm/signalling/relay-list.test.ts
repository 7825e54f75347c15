/** Nodes and the relays of their coordinator: the list comes by itself, and what is measured gets back. */
import { describe, expect, test } from 'vitest'
import type { TunnelKey } from '../../../../src/events/ids.ts'
import type { RelayPlace } from '../../../../src/kernel/api/relays.ts'
import { readRelayGrant, readRelayTicket } from '../../../../src/wire/relay-ticket.ts'
import { namedPerson, testDevice } from '../../../support/named-person.ts'
import { SignallingWorld, type TestDc, type TestNode } from '../signalling-world.ts'

const placeOf = (name: string, port: number): RelayPlace => ({
  relay: testDevice(name).tunnelKey,
  endpoints: [{ address: '198.51.100.1', port }],
})
const [near, far] = [placeOf('near', 1), placeOf('far', 2)]
const nobody = testDevice('nobody').tunnelKey

const town = async (...relays: readonly RelayPlace[]) => {
  const world = new SignallingWorld(5)
  const dc = await world.dc()
  for (const relay of relays) dc.offer(relay)
  const [alice, bob] = [world.node(dc, 'alice'), world.node(dc, 'bob')]
  for (const node of [alice, bob]) node.register()
  await world.run(1_000)
  return { world, dc, alice, bob }
}
const lists = (node: TestNode) => node.of('relays').map(({ places }) => places)
const reports = (dc: TestDc) => dc.service.stats().received['relay-report']
const measure = (node: TestNode, ...rtts: readonly (readonly [TunnelKey, number | undefined])[]) =>
  node.step({ kind: 'measured', rtts: rtts.map(([relay, rttMs]) => ({ relay, rttMs })) })

/** Asks for the way, and tells at which relay each of the two was given a ticket. */
const directed = async (world: SignallingWorld, asker: TestNode, peer: TestNode) => {
  asker.step({ kind: 'direct', name: peer.owner.name, device: peer.tunnelKey })
  await world.run(1_000)
  return [asker, peer].map(node => {
    const grant = readRelayGrant(node.of('directed').at(-1)!.directed.relay ?? new Uint8Array())
    const ticket = grant.ok ? readRelayTicket(grant.value.ticket) : grant
    return ticket.ok ? { relay: ticket.value.relay, holder: ticket.value.holder } : undefined
  })
}

describe('the list of relays', () => {
  test('comes after the registration, and again when it has changed and only then', async () => {
    const { world, dc, alice } = await town(near)
    expect(lists(alice)).toEqual([[near]])
    const asked = reports(dc)
    for (let quarter = 0; quarter < 8; quarter += 1) {
      dc.offer(near)
      await world.run(15_000)
    }
    expect(reports(dc)).toBe(asked)
    expect(lists(alice)).toHaveLength(1)
    dc.offer(near)
    dc.offer(far)
    await world.run(40_000)
    expect(lists(alice).at(-1)).toEqual([near, far])
  })

  test('is asked for by nobody where there are none, and emptied when the last is gone', async () => {
    const { world, dc, alice } = await town()
    await world.run(60_000)
    expect(reports(dc)).toBe(0)
    dc.offer(near)
    await world.run(40_000)
    expect(lists(alice)).toEqual([[near]])
    await world.run(120_000)
    expect(lists(alice)).toEqual([[near], []])
  })

  test('comes to guests of another domain as well', async () => {
    const { world, dc } = await town(near)
    const guest = world.node(dc, namedPerson('gustav', 'gustav.elsewhere'))
    guest.register({ isGuest: true })
    await world.run(1_000)
    expect(lists(guest)).toEqual([[near]])
  })

  test('is empty when the node leaves, and comes anew when it is back', async () => {
    const { world, alice } = await town(near)
    alice.step({ kind: 'stop' })
    expect(lists(alice)).toEqual([[near], []])
    alice.register()
    await world.run(1_000)
    expect(lists(alice)).toEqual([[near], [], [near]])
  })

  test('gets through a bad network', async () => {
    const { world, dc, alice } = await town()
    world.weather = { lossRate: 0.3, doubleRate: 0.2, latencyMs: [5, 150] }
    for (let quarter = 0; quarter < 12; quarter += 1) {
      dc.offer(near)
      await world.run(10_000)
    }
    expect(lists(alice).at(-1)).toEqual([near])
  })

  test('of a coordinator that is not the one that was there before is not listened to', async () => {
    const world = new SignallingWorld()
    const dc = await world.dc()
    dc.offer(near)
    const alice = world.node(dc, 'alice')
    const pinned = testDevice('another').device
    alice.step({
      kind: 'start',
      claim: { record: alice.owner.record(), token: undefined, isGuest: false, pinned },
    })
    await world.run(5_000)
    expect(alice.of('refused')).toMatchObject([{ code: 'identity-changed' }])
    expect([reports(dc), lists(alice)]).toEqual([0, []])
  })
})

describe('what a node has measured', () => {
  test('is told at once when a relay is lost, so that the next way leads by another', async () => {
    const { world, dc, alice, bob } = await town(near, far)
    for (const node of [alice, bob]) measure(node, [near.relay, 10], [far.relay, 80])
    await world.run(2_000)
    const before = reports(dc)!
    measure(alice, [near.relay, undefined], [far.relay, 80])
    expect((await directed(world, alice, bob))[0]?.relay).toBe(far.relay)
    expect(reports(dc)).toBe(before + 1)
  })

  test('is not told more often than every second, however many are lost and found', async () => {
    const { world, dc, alice } = await town(near, far)
    const before = reports(dc)!
    for (let round = 0; round < 50; round += 1) {
      measure(alice, [near.relay, 10], [far.relay, 80])
      await world.run(100)
      measure(alice, [near.relay, undefined], [far.relay, 80])
      await world.run(100)
    }
    expect(reports(dc)! - before).toBeLessThanOrEqual(11)
  })

  test('decides at which relay two are met', async () => {
    const { world, alice, bob } = await town(near, far)
    measure(alice, [near.relay, 10], [far.relay, 80], [nobody, 1])
    measure(bob, [near.relay, 60], [far.relay, 40])
    await world.run(1_000)
    expect(await directed(world, alice, bob)).toEqual([
      { relay: near.relay, holder: alice.tunnelKey },
      { relay: near.relay, holder: bob.tunnelKey },
    ])
    await world.run(5_000)
    measure(alice, [near.relay, undefined], [far.relay, 80])
    await world.run(1_000)
    const [moved] = await directed(world, alice, bob)
    expect(moved).toMatchObject({ relay: far.relay })
  })

  test('is told when it has changed notably, the nearest endpoint of a relay, and not too often', async () => {
    const { world, dc, alice } = await town(near, far)
    const before = reports(dc)
    const saidAfter = async (ms: number): Promise<number> => {
      await world.run(ms)
      return reports(dc) - before
    }
    measure(alice, [near.relay, 300], [near.relay, 100])
    expect(await saidAfter(100)).toBe(0)
    expect(await saidAfter(5_000)).toBe(1)
    measure(alice, [near.relay, 105], [near.relay, 500])
    expect(await saidAfter(30_000)).toBe(1)
    measure(alice, [near.relay, 200])
    expect(await saidAfter(1_000)).toBe(2)
    for (let change = 0; change < 20; change += 1) {
      measure(alice, [near.relay, 300 + 200 * change])
      await world.run(100)
    }
    expect(await saidAfter(10_000)).toBeLessThanOrEqual(4)
  })

  test('is told at once when a relay had no slot, so that the next way leads elsewhere', async () => {
    const { world, dc, alice, bob } = await town(near, far)
    for (const node of [alice, bob]) measure(node, [near.relay, 10], [far.relay, 80])
    await world.run(1_000)
    const before = reports(dc)!
    const refused = [
      { relay: near.relay, rttMs: undefined, isRefusing: true },
      { relay: far.relay, rttMs: 80, isRefusing: false },
    ]
    for (let times = 0; times < 5; times += 1) alice.step({ kind: 'measured', rtts: refused })
    const [moved] = await directed(world, alice, bob)
    expect(moved).toMatchObject({ relay: far.relay })
    expect(reports(dc)! - before).toBe(1)
    await world.run(30_000)
    expect(reports(dc)! - before).toBe(1)
  })

  test('is told again after the coordinator has forgotten it', async () => {
    const { world, dc, alice, bob } = await town(near, far)
    measure(alice, [far.relay, 10])
    await world.run(10_000)
    dc.kill()
    await dc.start()
    for (const relay of [near, far]) dc.offer(relay)
    await world.run(30_000)
    for (const relay of [near, far]) dc.offer(relay)
    const [hers] = await directed(world, alice, bob)
    expect(hers).toMatchObject({ relay: far.relay })
  })

  test('is told again to a coordinator that has the same list as before', async () => {
    const world = new SignallingWorld()
    const dc = await world.dc()
    dc.relay = near
    const alice = world.node(dc, 'alice')
    alice.register()
    await world.run(1_000)
    measure(alice, [near.relay, 10])
    await world.run(10_000)
    dc.kill()
    await dc.start()
    await world.run(30_000)
    expect(reports(dc)).toBe(1)
    expect(lists(alice)).toEqual([[near]])
  })

  test('is not told any more once the node has stopped', async () => {
    const { world, alice } = await town(near)
    alice.step({ kind: 'stop' })
    const { sent } = alice
    measure(alice, [near.relay, 10])
    await world.run(60_000)
    expect(alice.sent).toBe(sent)
  })
})

describe('a node that only relays may lead to', () => {
  test('tells nobody where it is, as asker and as asked', async () => {
    const { world, dc, bob } = await town(near)
    const carol = world.node(dc, 'carol', 0, true)
    carol.register()
    await world.run(1_000)
    for (const [asker, peer] of [
      [carol, bob],
      [bob, carol],
      [bob, carol],
    ] as const) {
      const grants = await directed(world, asker, peer)
      expect(grants).toMatchObject([{ relay: near.relay }, { relay: near.relay }])
      expect(bob.of('directed').at(-1)?.directed).toMatchObject({ observed: undefined, candidates: [] })
      expect(carol.of('directed').at(-1)?.directed).toMatchObject({ observed: bob.endpoint })
    }
  })
})
