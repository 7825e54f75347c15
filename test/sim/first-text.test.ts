/**
 * How long the first text takes, from typing to its acknowledgement: the coordinator's round trip, one for the
 * handshake, one for the text. Who was never met before is looked up as well, and asked before being told of
 * (plugins/transport-ntm/SPEC.md §6.2): two more round trips to the coordinator.
 */
import { expect, test } from 'vitest'
import type { NAT_KINDS } from '../../src/kernel/testing/nat-kinds.ts'
import { neighbourhood } from '../support/neighbourhood.ts'
import { say } from '../support/ntm-world.ts'

const LINE_MS = 25
const DC_MS = 5
/** Of who has a line this long. */
const dcRttMs = (lineMs: number): number => 2 * (lineMs + DC_MS)
const pathRttMs = (one: number, other: number): number => 2 * (one + other)
const DC_RTT_MS = dcRttMs(LINE_MS)
const PATH_RTT_MS = pathRttMs(LINE_MS, LINE_MS)
/** Where somebody was last is tried for so long before the coordinator is troubled. */
const KNOWN_FIRST_MS = 100

const line = (nat: keyof typeof NAT_KINDS, latencyMs = LINE_MS) => ({ nat, latencyMs }) as const

async function meeting(seed: number, alicesMs = LINE_MS, bobsMs = LINE_MS) {
  const hood = await neighbourhood({
    ...{ seed, alice: line('home', alicesMs), bob: line('home', bobsMs) },
    ...{ dcLatencyMs: DC_MS, relayLatenciesMs: [DC_MS] },
  })
  const { world, alice, bob } = hood
  const timed = async (): Promise<number> => {
    const fromMs = world.clock.monotonicMs()
    await say(world, alice.home, bob.home, 'hello')
    return world.clock.monotonicMs() - fromMs
  }
  return { hood, world, alice, bob, timed }
}

/** One way: near and far from the coordinator, and the other way round. */
const LINES = [
  [LINE_MS, LINE_MS],
  [5, 60],
  [60, 5],
] as const

test.each(LINES)(
  'of a stranger: looking up, asking, and meeting (lines of %i and %i ms)',
  async (one, other) => {
    const { world, timed } = await meeting(1, one, other)
    const [lookingUp, asking] = [dcRttMs(one), dcRttMs(one) + dcRttMs(other)]
    expect(await timed()).toBeLessThanOrEqual(lookingUp + asking + 2 * pathRttMs(one, other))
    await world.end()
  },
)

test.each(LINES)('of a stranger whose name is known: asking, and meeting (%i, %i ms)', async (one, other) => {
  const { world, alice, bob, timed } = await meeting(1, one, other)
  await world.until(alice.home.call('contact.add', { name: bob.home.spec.name }))
  expect(await timed()).toBeLessThanOrEqual(dcRttMs(one) + dcRttMs(other) + 2 * pathRttMs(one, other))
  await world.end()
})

test.each([1, 2, 3])('of a friend who is where he was (seed %i)', async seed => {
  const { world, alice, bob, timed } = await meeting(seed)
  await timed()
  await say(world, bob.home, alice.home, 'hello yourself')
  for (const { home } of [alice, bob]) {
    await world.until(home.stop())
    await world.restart(home)
  }
  await world.run(1_000)
  expect(await timed()).toBeLessThanOrEqual(DC_RTT_MS + 2 * PATH_RTT_MS)
  await world.end()
})

/** They have spoken both ways, so that each may know where the other is; Bob moves `times` times, and is found each time. */
async function foundAgain(seed: number, times: number): Promise<number> {
  const { hood, world, alice, bob, timed } = await meeting(seed)
  await timed()
  await say(world, bob.home, alice.home, 'hello yourself')
  let tookMs = Number.NaN
  for (let moved = 0; moved < times; moved += 1) {
    for (const { home } of [alice, bob]) await world.until(home.stop())
    await world.run(120_000)
    bob.home.host.move(hood.line(line('home')).next())
    for (const { home } of [alice, bob]) await world.restart(home)
    await world.run(3_000)
    tookMs = await timed()
  }
  await world.end()
  return tookMs
}

test.each([1, 2, 3])('of a friend who has moved, and is asked for the first time (seed %i)', async seed => {
  expect(await foundAgain(seed, 1)).toBeLessThanOrEqual(KNOWN_FIRST_MS + 2 * DC_RTT_MS + 2 * PATH_RTT_MS)
})

test.each([1, 2, 3])('of a friend who has moved, and was asked before (seed %i)', async seed => {
  expect(await foundAgain(seed, 2)).toBeLessThanOrEqual(KNOWN_FIRST_MS + DC_RTT_MS + 2 * PATH_RTT_MS)
})
