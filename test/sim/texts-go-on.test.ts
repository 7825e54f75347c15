/**
 * What two people see of a silence: texts come in order and are sent again, so whatever waits above the tunnel shows
 * here. The path being there again is not enough; the texts must go by it at once.
 */
import { describe, expect, test } from 'vitest'
import type { SimHome } from '../../src/kernel/testing/sim-home.ts'
import { type LineSpec, neighbourhood } from '../support/neighbourhood.ts'
import { say, textsOf, transportOf } from '../support/ntm-world.ts'
import { texts } from './support/texts.ts'

const EVERY_MS = 20
const SETTLED_MS = 8_000
const LATENCY_MS = 10
const RELAY_LATENCY_MS = 5
const RELAY_RTT_MS = 4 * LATENCY_MS + 4 * RELAY_LATENCY_MS
/** That an answer is missing shows a round trip later, and then a relay carries. */
const NOTICED_MS = 2 * 2 * LATENCY_MS + RELAY_RTT_MS + 300
const HARD = { nat: 'symmetric' } as const

type Hood = Awaited<ReturnType<typeof neighbourhood>>
interface Story {
  readonly what: string
  readonly lines: LineSpec
  readonly relays: number
  readonly happens: (hood: Hood, mark: () => void) => Promise<unknown> | void
  /** The longest time without a text. */
  readonly gapMaxMs: number
}

/** The one that carries; one of several may lie a little farther than another. */
const relayInUse = ({ world, alice }: Hood): SimHome => {
  const at = transportOf(alice.home).links()[0]!.address!
  return [...world.homes.values()].find(({ host }) => at.startsWith(`${host.address}:`))!
}

const STORIES: readonly Story[] = [
  ...[3_000, 8_000, 20_000].map(
    (awayMs): Story => ({
      what: `the only relay is away for ${awayMs / 1_000} seconds`,
      lines: HARD,
      relays: 1,
      happens: async (hood, mark) => {
        const relay = relayInUse(hood)
        hood.world.crash(relay)
        await hood.world.run(awayMs)
        await hood.world.restart(relay)
        mark()
      },
      gapMaxMs: 1_000 + 4 * RELAY_RTT_MS,
    }),
  ),
  {
    what: 'the relay that carries dies, and there is another',
    lines: HARD,
    relays: 2,
    happens: hood => hood.world.crash(relayInUse(hood)),
    gapMaxMs: 3_500,
  },
  {
    what: 'the direct path is a black hole',
    lines: { nat: 'home' },
    relays: 1,
    happens: ({ world, alice, bob }) => void world.network.cut(alice.line.nat!, bob.line.nat!, 'both'),
    gapMaxMs: 600,
  },
  {
    what: 'the coordinator dies',
    lines: { nat: 'home' },
    relays: 1,
    happens: ({ world, town }) => world.crash(town.dc),
    gapMaxMs: 2 * EVERY_MS,
  },
  {
    what: 'a router gets another address',
    lines: { nat: 'home' },
    relays: 1,
    happens: ({ alice }) => alice.line.nat!.readdress('198.51.100.200'),
    gapMaxMs: NOTICED_MS,
  },
  {
    what: 'a cable is out for five seconds',
    lines: { nat: 'home' },
    relays: 1,
    happens: async ({ world, alice }, mark) => {
      alice.home.host.down()
      await world.run(5_000)
      alice.home.host.up()
      mark()
    },
    gapMaxMs: NOTICED_MS,
  },
]

describe('texts go on at once when', () => {
  test.each(STORIES.map(story => [story.what, story] as const))('%s', async (_, story) => {
    const line = { ...story.lines, latencyMs: LATENCY_MS }
    const relayLatenciesMs = Array.from({ length: story.relays }, (_, at) => RELAY_LATENCY_MS * (1 + 2 * at))
    const hood = await neighbourhood({ seed: 1, alice: line, bob: line, relayLatenciesMs })
    const { world, alice, bob } = hood
    await say(world, alice.home, bob.home, 'hello')
    await say(world, bob.home, alice.home, 'hello')
    await world.run(2_000)
    const flows = [texts(world, alice.home, bob.home, EVERY_MS), texts(world, bob.home, alice.home, EVERY_MS)]
    await world.run(3_000)
    const mark = (): void => {
      for (const flow of flows) flow.mark()
    }
    mark()
    await story.happens(hood, mark)
    await world.run(SETTLED_MS)
    const gapsMs = flows.map(flow => flow.gapMs)
    for (const flow of flows) flow.stop()
    for (const gapMs of gapsMs) expect(gapMs).toBeLessThanOrEqual(story.gapMaxMs)
    await say(world, alice.home, bob.home, 'the last one')
    await say(world, bob.home, alice.home, 'the very last one')
    expect(await textsOf(world, bob.home, alice.home.spec.name)).toEqual(
      await textsOf(world, alice.home, bob.home.spec.name),
    )
    await world.end()
  })
})
