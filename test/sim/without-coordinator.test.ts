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
const HARD: LineSpec = { nat: { ...NAT_KINDS.symmetric, ...FORGETS } }

interface Case {
  readonly what: string
  readonly line: LineSpec
  readonly relayLatenciesMs: readonly number[]
}
const CASES: readonly Case[] = [
  { what: 'two homes with a relay', line: HOME, relayLatenciesMs: [5] },
  { what: 'two homes without one', line: HOME, relayLatenciesMs: [] },
  { what: 'two who need a relay', line: HARD, relayLatenciesMs: [5] },
]

describe.each(CASES)('$what', ({ line, relayLatenciesMs }) => {
  const acquainted = async () => {
    const hood = await neighbourhood({ seed: 1, alice: line, bob: line, relayLatenciesMs })
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
