/**
 * A network that lets no datagram through, such as an office's: coordinator and relay are reached through TCP, peers
 * over the relay, and when datagrams pass again everything is as it is elsewhere.
 */
import { expect, test } from 'vitest'
import type { Report } from '../../src/plugins/transport-ntm/doctor/examination.ts'
import { type Neighbourhood, type NeighbourhoodSpec, neighbourhood } from '../support/neighbourhood.ts'
import { say, statsOf, textsOf, transportOf } from '../support/ntm-world.ts'

const OFFICE = { nat: 'home' } as const

/** Alice comes to an office whose firewall passes no datagram. */
const hoodWith = async (more: Partial<NeighbourhoodSpec> = {}) =>
  neighbourhood({ seed: 1, alice: OFFICE, bob: { nat: 'home' }, relayLatenciesMs: [10], ...more })

type Hood = Awaited<ReturnType<typeof hoodWith>>

/** Somebody whose router blocks datagrams from the start. */
const blockedPerson = async (hood: Neighbourhood, name: string) => {
  const line = hood.line(OFFICE)
  line.block()
  return hood.person(name, line)
}

const pathOf = ({ alice }: Pick<Hood, 'alice'>) => transportOf(alice.home).links()[0]

test('who starts where UDP is blocked is registered, found, and written to, over TCP', async () => {
  const hood = await hoodWith()
  const { world, town, bob } = hood
  const startMs = world.clock.monotonicMs()
  const carol = await blockedPerson(hood, 'carol')
  expect(world.clock.monotonicMs() - startMs).toBeLessThan(4_000)
  expect(await statsOf(world, town)).toMatchObject({ registered: 3 })
  expect(await say(world, carol.home, bob.home, 'by TCP')).toMatchObject({
    state: 'delivered',
    path: 'relay',
  })
  expect(await say(world, bob.home, carol.home, 'and back')).toMatchObject({ path: 'relay' })
  expect(await textsOf(world, carol.home, 'bob.example')).toEqual(['by TCP', 'and back'])
  expect(pathOf({ alice: carol })).toMatchObject({
    up: true,
    why: 'over TCP: the relay has not answered by UDP',
  })
  const report = (await world.until(carol.home.call('doctor', { timeoutMs: 3_000 }))) as Report
  expect(report).toMatchObject({ ok: true, isUdpBlocked: true, dc: { state: 'up', rttMs: 50 } })
  expect(report.findings).toContainEqual(
    expect.objectContaining({ what: expect.stringMatching(/^No answer comes by UDP/) }),
  )
  await world.end()
})

test('two of them meet at the relay, each through a connection', async () => {
  const hood = await hoodWith()
  const { world } = hood
  const [carol, dave] = [await blockedPerson(hood, 'carol'), await blockedPerson(hood, 'dave')]
  expect(await say(world, carol.home, dave.home, 'hello')).toMatchObject({ path: 'relay' })
  expect(await say(world, dave.home, carol.home, 'hello you')).toMatchObject({ path: 'relay' })
  await world.end()
})

test('blocked in the middle of a talk: it goes on over TCP, and directly again within a minute', async () => {
  const hood = await hoodWith()
  const { world, alice, bob } = hood
  expect(await say(world, alice.home, bob.home, '0')).toMatchObject({ path: 'direct' })
  alice.line.block()
  const blockedMs = world.clock.monotonicMs()
  for (let at = 1; at <= 20; at += 1) {
    const [from, to] = at % 2 === 0 ? [alice, bob] : [bob, alice]
    await say(world, from.home, to.home, String(at))
    if (at === 1) expect(world.clock.monotonicMs() - blockedMs).toBeLessThan(10_000)
    await world.run(3_000)
  }
  expect(pathOf(hood)).toMatchObject({ path: 'relay', why: 'over TCP: the relay has not answered by UDP' })
  alice.line.block(false)
  const healedMs = world.clock.monotonicMs()
  while (pathOf(hood)?.path !== 'direct' && world.clock.monotonicMs() - healedMs < 60_000) {
    await say(world, alice.home, bob.home, 'still there?')
    await world.run(2_000)
  }
  expect(pathOf(hood)).toMatchObject({ path: 'direct' })
  expect(await say(world, bob.home, alice.home, 'directly')).toMatchObject({ path: 'direct' })
  const texts = await textsOf(world, bob.home, 'alice.example')
  expect(texts.filter(text => /^\d+$/.test(text))).toEqual(Array.from({ length: 21 }, (_, at) => String(at)))
  await world.run(20_000)
  const streamed = world.count('streamed')
  await say(world, bob.home, alice.home, 'no connection is left')
  await world.run(60_000)
  expect(world.count('streamed')).toBe(streamed)
  await world.end()
})

test('coordinator and relay are restarted: connections come back by themselves', async () => {
  const hood = await hoodWith()
  const { world, town, bob } = hood
  const carol = await blockedPerson(hood, 'carol')
  const relay = world.homes.get('relay1.example')!
  await say(world, carol.home, bob.home, 'before')
  for (const server of [town.dc, relay]) world.crash(server)
  await world.run(2_000)
  for (const server of [town.dc, relay]) await world.restart(server)
  expect(await say(world, bob.home, carol.home, 'after')).toMatchObject({ path: 'relay' })
  await world.run(60_000)
  expect(await statsOf(world, town)).toMatchObject({ registered: 3 })
  await world.end()
})

test('from one blocked network to another, and home again', async () => {
  const hood = await hoodWith()
  const { world, bob } = hood
  const carol = await blockedPerson(hood, 'carol')
  await say(world, carol.home, bob.home, 'in the office')
  const [hotel, home] = [hood.line(OFFICE), hood.line(OFFICE)]
  hotel.block()
  carol.home.host.move(hotel.next())
  const movedMs = world.clock.monotonicMs()
  expect(await say(world, bob.home, carol.home, 'at the hotel')).toMatchObject({ path: 'relay' })
  expect(world.clock.monotonicMs() - movedMs).toBeLessThan(3_000)
  carol.home.host.move(home.next())
  await world.run(5_000)
  expect(await say(world, bob.home, carol.home, 'at home')).toMatchObject({ path: 'direct' })
  await world.end()
})

test('who does not want it stays alone', async () => {
  const hood = await hoodWith()
  const { world, town } = hood
  const line = hood.line(OFFICE)
  line.block()
  const attachments = line.next()
  const config = { plugins: { 'ntm.transport': { config: { dc: [town.join], streams: false } } } }
  await world.add({ ...specOf(hood), name: 'carol.example', attachments, config })
  await world.run(30_000)
  expect(await statsOf(world, town)).toMatchObject({ registered: 2 })
  await world.end()
})

const specOf = ({ alice }: Hood) => {
  const { address, plugins } = alice.home.spec
  return { address, plugins }
}
