/**
 * What becomes of a conversation when a NAT changes its mind, a host moves, a path dies or a relay does: how long
 * nothing comes, and that nothing comes twice. The same plugins as on real networks, in virtual time.
 */
import { describe, expect, test } from 'vitest'
import { NAT_KINDS } from '../../src/kernel/testing/nat-kinds.ts'
import type { SimHome } from '../../src/kernel/testing/sim-home.ts'
import { type LineSpec, neighbourhood } from '../support/neighbourhood.ts'
import { say, textsOf, transportOf } from '../support/ntm-world.ts'
import { type Numbered, numbered } from './support/numbered.ts'

const EVERY_MS = 20
const SETTLED_MS = 8_000

type Hood = Awaited<ReturnType<typeof neighbourhood>>

/** Alice and Bob talk, by a direct path if their NATs allow one, and numbered datagrams flow as asked. */
async function talking(
  seed: number,
  flows: readonly ('alice' | 'bob')[],
  lines: { readonly alice?: LineSpec; readonly bob?: LineSpec } = {},
) {
  const { alice: a = {}, bob: b = {} } = lines
  const hood = await neighbourhood({ seed, alice: a, bob: b, relayLatenciesMs: [5, 15] })
  const { world, alice, bob } = hood
  await say(world, alice.home, bob.home, 'hello')
  await world.run(2_000)
  const flow = (who: 'alice' | 'bob'): Numbered =>
    who === 'alice'
      ? numbered(world, alice.home, bob.home, EVERY_MS)
      : numbered(world, bob.home, alice.home, EVERY_MS)
  const running = flows.map(flow)
  await world.run(3_000)
  for (const one of running) one.mark()
  return Object.assign(hood, { flows: running })
}

async function ended({ world, alice, bob }: Hood, flows: readonly Numbered[]): Promise<void> {
  for (const flow of flows) expect(flow.twice).toBe(0)
  for (const flow of flows) flow.stop()
  const before = (await textsOf(world, bob.home, alice.home.spec.name)).length
  expect(await say(world, alice.home, bob.home, 'and now?')).toMatchObject({ state: 'delivered' })
  expect(await say(world, bob.home, alice.home, 'fine')).toMatchObject({ state: 'delivered' })
  const shown = await textsOf(world, bob.home, alice.home.spec.name)
  expect(shown.length - before).toBe(2)
  expect(await textsOf(world, alice.home, bob.home.spec.name)).toEqual(shown)
  await world.end()
}

const pathOf = (home: SimHome) => transportOf(home).links()[0]?.path
/** A round trip between them by the core, and by the relay. */
const RTT_MS = 80

describe('a NAT that forgets', () => {
  test.each([1, 2, 3])('while its own side sends (seed %i) costs nothing', async seed => {
    const hood = await talking(seed, ['alice'])
    const { world, alice, bob, flows } = hood
    alice.line.nat!.rebind()
    const [flow] = flows
    const sentBefore = flow!.sent
    await world.run(SETTLED_MS)
    console.log('rebind own side sends', flow!.gapMs, flow!.sent - flow!.came.size, sentBefore)
    expect(flow!.gapMs).toBeLessThan(RTT_MS + 300)
    expect(pathOf(bob.home)).toBe('direct')
    await ended(hood, flows)
  })

  test.each([1, 2, 3])('while only the other side sends (seed %i) is noticed', async seed => {
    const hood = await talking(seed, ['bob'])
    const { world, alice, flows } = hood
    alice.line.nat!.rebind()
    await world.run(SETTLED_MS)
    console.log('rebind other side sends', flows[0]!.gapMs)
    expect(flows[0]!.gapMs).toBeLessThan(1_500)
    await ended(hood, flows)
  })

  test('while nobody speaks is noticed by the next word', async () => {
    const hood = await talking(4, [])
    const { world, alice, bob } = hood
    await world.run(60_000)
    alice.line.nat!.rebind()
    await world.run(20_000)
    const t0 = world.clock.monotonicMs()
    await say(world, bob.home, alice.home, 'are you there?')
    console.log('idle rebind', world.clock.monotonicMs() - t0)
    expect(world.clock.monotonicMs() - t0).toBeLessThan(1_500)
    await ended(hood, [])
  })

  test('after twenty seconds without a word is nobody’s loss', async () => {
    const forgetful = { nat: { ...NAT_KINDS.home, timeoutMs: 20_000, unansweredMs: 20_000 } }
    const hood = await talking(5, [], { alice: forgetful, bob: forgetful })
    const { world, alice, bob } = hood
    for (let round = 0; round < 6; round += 1) {
      await world.run(21_000 + 7_000 * round)
      const t0 = world.clock.monotonicMs()
      await say(world, alice.home, bob.home, 'hm')
      console.log('idle 20 both', world.clock.monotonicMs() - t0)
    }
    await ended(hood, [])
  })
})

describe('a host that moves', () => {
  test.each([1, 2, 3])('to another uplink (seed %i)', async seed => {
    const hood = await talking(seed, ['alice', 'bob'])
    const { world, alice, flows } = hood
    alice.home.host.move(hood.line({ nat: 'home' }).next())
    await world.run(SETTLED_MS)
    console.log(
      'uplink',
      flows.map(f => f.gapMs),
      pathOf(alice.home),
    )
    for (const flow of flows) expect(flow.gapMs).toBeLessThan(RTT_MS + 300)
    expect(pathOf(alice.home)).toBe('direct')
    await ended(hood, flows)
  })

  test.each([1, 2, 3])('together with the other one (seed %i)', async seed => {
    const hood = await talking(seed, ['alice', 'bob'])
    const { world, alice, bob, flows } = hood
    alice.home.host.move(hood.line({ nat: 'home' }).next())
    bob.home.host.move(hood.line({ nat: 'home' }).next())
    await world.run(SETTLED_MS)
    console.log(
      'both',
      flows.map(f => f.gapMs),
      pathOf(alice.home),
    )
    for (const flow of flows) expect(flow.gapMs).toBeLessThan(2 * RTT_MS + 300)
    expect(pathOf(alice.home)).toBe('direct')
    await ended(hood, flows)
  })

  test('whose cable is out for five seconds', async () => {
    const hood = await talking(6, ['alice', 'bob'])
    const { world, alice, flows } = hood
    alice.home.host.down()
    await world.run(5_000)
    alice.home.host.up()
    for (const flow of flows) flow.mark()
    await world.run(SETTLED_MS)
    console.log(
      'down 5 s',
      flows.map(f => f.gapMs),
      pathOf(alice.home),
    )
    for (const flow of flows) expect(flow.gapMs).toBeLessThan(1_500)
    await ended(hood, flows)
  })
})

describe('a direct path', () => {
  test.each([1, 2, 3])('that is a black hole (seed %i)', async seed => {
    const hood = await talking(seed, ['alice', 'bob'])
    const { world, alice, bob, flows } = hood
    const heal = world.network.cut(alice.line.nat!, bob.line.nat!, 'both')
    await world.run(6_000)
    console.log(
      'black hole',
      flows.map(f => f.gapMs),
      pathOf(alice.home),
    )
    for (const flow of flows) expect(flow.gapMs).toBeLessThan(1_000)
    expect(pathOf(alice.home)).toBe('relay')
    heal()
    const t0 = world.clock.monotonicMs()
    while (pathOf(alice.home) !== 'direct' && world.clock.monotonicMs() - t0 < 60_000) await world.run(100)
    console.log('healed after', world.clock.monotonicMs() - t0)
    expect(world.clock.monotonicMs() - t0).toBeLessThan(5_000)
    await ended(hood, flows)
  })
})

describe('a relay that carries', () => {
  const hard = { nat: 'symmetric' } as const
  test('and restarts is used again', async () => {
    const hood = await talking(7, ['alice', 'bob'], { alice: hard, bob: hard })
    const { world, alice, flows } = hood
    expect(pathOf(alice.home)).toBe('relay')
    const relay = [...world.homes.values()].find(home => home.spec.name === 'relay1.example')!
    world.crash(relay)
    await world.restart(relay)
    await world.run(SETTLED_MS)
    console.log(
      'relay restart',
      flows.map(f => f.gapMs),
    )
    for (const flow of flows) expect(flow.gapMs).toBeLessThan(3_000)
    await ended(hood, flows)
  })

  test('and dies is left for another', async () => {
    const hood = await talking(8, ['alice', 'bob'], { alice: hard, bob: hard })
    const { world, flows } = hood
    world.crash([...world.homes.values()].find(home => home.spec.name === 'relay1.example')!)
    await world.run(20_000)
    console.log(
      'relay death',
      flows.map(f => f.gapMs),
    )
    for (const flow of flows) expect(flow.gapMs).toBeLessThan(8_000)
    await ended(hood, flows)
  })
})

test('a coordinator that is dead is not missed while people move', async () => {
  const hood = await talking(9, ['alice', 'bob'])
  const { world, alice, flows, town } = hood
  world.crash(town.dc)
  alice.home.host.move(hood.line({ nat: 'home' }).next())
  await world.run(SETTLED_MS)
  console.log(
    'dead DC',
    flows.map(f => f.gapMs),
  )
  for (const flow of flows) expect(flow.gapMs).toBeLessThan(RTT_MS + 300)
  await ended(hood, flows)
})
