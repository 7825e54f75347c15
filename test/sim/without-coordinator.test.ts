/**
 * Two idle people whose coordinator is dead have nobody who could bring them together again: what keeps them reachable
 * is that they keep the path between them open, through NATs that forget within seconds, and at a bounded cost.
 */
import { describe, expect, test } from 'vitest'
import { NAT_KINDS } from '../../src/kernel/testing/nat-kinds.ts'
import { type LineSpec, neighbourhood } from '../support/neighbourhood.ts'
import { say } from '../support/ntm-world.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const WORD_MS = 2_000
const FORGETS = { timeoutMs: 20_000, unansweredMs: 20_000 }
const HOME: LineSpec = { nat: { ...NAT_KINDS.home, ...FORGETS } }
/** Their networks are one, as of a firm or a carrier, with the coordinator inside. */
const INSIDE = (router: string): LineSpec => ({ ...HOME, router })
const HARD: LineSpec = { nat: { ...NAT_KINDS.symmetric, ...FORGETS } }

interface Case {
  readonly what: string
  readonly alice: LineSpec
  readonly bob: LineSpec
  readonly relayLatenciesMs: readonly number[]
}
const CASES: readonly Case[] = [
  { what: 'two homes with a relay', alice: HOME, bob: HOME, relayLatenciesMs: [5] },
  { what: 'two homes without one', alice: HOME, bob: HOME, relayLatenciesMs: [] },
  { what: 'two homes of a firm', alice: INSIDE('10.1.0.2'), bob: INSIDE('10.1.0.3'), relayLatenciesMs: [] },
  {
    what: 'two homes of a carrier',
    alice: INSIDE('100.64.0.2'),
    bob: INSIDE('100.64.0.3'),
    relayLatenciesMs: [],
  },
  { what: 'two who need a relay', alice: HARD, bob: HARD, relayLatenciesMs: [5] },
]

describe.each(CASES)('$what', ({ alice, bob, relayLatenciesMs }) => {
  const acquainted = async () => {
    const hood = await neighbourhood({ seed: 1, alice, bob, relayLatenciesMs })
    await say(hood.world, hood.alice.home, hood.bob.home, 'hello')
    await say(hood.world, hood.bob.home, hood.alice.home, 'hello')
    await hood.world.run(5_000)
    return hood
  }

  test.each([
    ['at once', 0],
    ['when they have been idle for a quarter of an hour', 15 * MINUTE_MS],
  ])('reach each other for hours after the coordinator died %s', async (_, idleMs) => {
    const { world, town, alice, bob } = await acquainted()
    await world.run(idleMs)
    world.crash(town.dc)
    for (const idleAgainMs of [10 * MINUTE_MS, 3 * HOUR_MS]) {
      await world.run(idleAgainMs)
      for (const [from, to] of [
        [bob.home, alice.home],
        [alice.home, bob.home],
      ] as const) {
        const atMs = world.clock.monotonicMs()
        await say(world, from, to, 'still there?')
        expect(world.clock.monotonicMs() - atMs).toBeLessThan(WORD_MS)
        await world.run(4 * MINUTE_MS)
      }
    }
    await world.end()
  })

  test('an hour of it costs each of them a datagram every 2.5 s at most, besides looking for the coordinator', async () => {
    const { world, town, alice } = await acquainted()
    world.crash(town.dc)
    await world.run(10 * MINUTE_MS)
    let sent = 0
    const { network } = world
    const carry = network.carry.bind(network)
    network.carry = departure => {
      const isOther = departure.packet.to.address !== town.dc.host.address
      if (departure.host === alice.home.host && isOther) sent += 1
      carry(departure)
    }
    await world.run(HOUR_MS)
    expect(sent).toBeGreaterThan(HOUR_MS / 20_000)
    expect(sent).toBeLessThan(HOUR_MS / 2_500)
    await world.end()
  })
})

/** A call once a minute, and what the handshake takes. */
const FIRST_WORD_AWAKE_MS = MINUTE_MS + 5_000
const NAPS = [1, 2, 3, 4].flatMap(seed =>
  (['who slept', 'who was awake'] as const).map(who => [who, 20 + 5.3 * seed, seed] as const),
)

describe.each([
  { what: 'with a relay', relayLatenciesMs: [5] },
  { what: 'without one', relayLatenciesMs: [] },
])('two homes $what, one of which has slept for longer than a session lasts', ({ relayLatenciesMs }) => {
  test.each(NAPS)('%s speaks first, after %d minutes', async (who, minutes, seed) => {
    const hood = await neighbourhood({ seed, alice: HOME, bob: HOME, relayLatenciesMs })
    const { world, town, alice, bob } = hood
    await say(world, alice.home, bob.home, 'hello')
    await say(world, bob.home, alice.home, 'hello')
    world.crash(town.dc)
    await world.run(5 * MINUTE_MS)
    alice.home.sleep()
    await world.run(minutes * MINUTE_MS)
    alice.home.wake()
    const [from, to] = who === 'who slept' ? [alice.home, bob.home] : [bob.home, alice.home]
    const atMs = world.clock.monotonicMs()
    const word = { to: to.spec.name, text: 'good morning', wait: 'delivered', timeoutMs: 10 * MINUTE_MS }
    await world.until(from.call('send', word))
    expect(world.clock.monotonicMs() - atMs).toBeLessThan(FIRST_WORD_AWAKE_MS)
    await world.end()
  })
})
