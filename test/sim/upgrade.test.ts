/**
 * From the relay to the direct path, and back, in the middle of a stream of 20,000 packets a second, where the relay is
 * far and the direct path near, so that thousands of packets overtake each other: none is lost and none comes twice.
 */
import { expect, test } from 'vitest'
import { neighbourhood } from '../support/neighbourhood.ts'
import { say, transportOf } from '../support/ntm-world.ts'
import { numbered } from './support/numbered.ts'

const EVERY_MS = 0.05
/** One way, each: 100 ms by the relay and 5 ms directly. */
const RELAY_MS = 47.5
const LINE_MS = 2.5

test.each([1, 2])('nobody notices (seed %i)', async seed => {
  const line = { nat: 'home', latencyMs: LINE_MS } as const
  const hood = await neighbourhood({ seed, alice: line, bob: line, relayLatenciesMs: [RELAY_MS] })
  const { world, alice, bob } = hood
  const heal = world.network.cut(alice.line.nat!, bob.line.nat!, 'both')
  await say(world, alice.home, bob.home, 'hello')
  const path = () => transportOf(alice.home).links()[0]?.path
  expect(path()).toBe('relay')
  const flow = numbered(world, alice.home, bob.home, EVERY_MS)
  await world.run(300)
  heal()
  await world.untilTrue(() => path() === 'direct')
  await world.run(300)
  flow.halt()
  await world.run(500)
  expect(flow.sent).toBeGreaterThan(10_000)
  expect({ lost: flow.sent - flow.came.size, twice: flow.twice }).toEqual({ lost: 0, twice: 0 })
  await world.end()
})
