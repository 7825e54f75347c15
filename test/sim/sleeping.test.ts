/**
 * A machine that slept wakes into a network that has forgotten it: NATs, the coordinator's and the relays' idea of where
 * it is, and the sessions of whoever was awake. It says where it is before anybody asks, so the next word, whoever
 * says it, arrives at once.
 */
import { describe, expect, test } from 'vitest'
import { NAT_KINDS } from '../../src/kernel/testing/nat-kinds.ts'
import type { SimHome } from '../../src/kernel/testing/sim-home.ts'
import type { World } from '../../src/kernel/testing/world.ts'
import { type LineSpec, neighbourhood } from '../support/neighbourhood.ts'
import { say, textsOf } from '../support/ntm-world.ts'

const MINUTE_MS = 60_000
/** What is said in the moment of waking has to open everything anew: tunnels to coordinator and peer, by the relay. */
const FIRST_WORD_MS = 2_000
/** What waited for somebody away goes when a handshake came through. */
const UNSENT_WORD_MS = 2_000
/** Enough to have met directly, and too little for a pause in a talk. */
const TALKED_AGO_MS = 5_000
const NAPS_MS = [MINUTE_MS, 10 * MINUTE_MS, 8 * 60 * MINUTE_MS] as const
const FORGETFUL: LineSpec = { nat: { ...NAT_KINDS.home, timeoutMs: 30_000, unansweredMs: 30_000 } }
const LINES: readonly (readonly [string, LineSpec])[] = [
  ['two homes', FORGETFUL],
  ['NATs that give every flow another port', { nat: 'symmetric' }],
]

const talkers = async (line: LineSpec) => {
  const hood = await neighbourhood({ seed: 1, alice: line, bob: line, relayLatenciesMs: [5] })
  const { world, alice, bob } = hood
  await say(world, alice.home, bob.home, 'good night')
  await say(world, bob.home, alice.home, 'good night')
  return hood
}

const idlers = async (line: LineSpec) => {
  const hood = await talkers(line)
  await hood.world.run(2 * MINUTE_MS)
  return hood
}

const expectFirstWord = async (world: World, from: SimHome, to: SimHome): Promise<void> => {
  const atMs = world.clock.monotonicMs()
  await say(world, from, to, 'good morning')
  expect(world.clock.monotonicMs() - atMs).toBeLessThan(FIRST_WORD_MS)
}

const NIGHTS = LINES.flatMap(([where, line]) =>
  NAPS_MS.map(napMs => [where, napMs / MINUTE_MS, line] as const),
)

/** A session is over after minutes; hours cost the test more and show no more. */
const NAPS = NIGHTS.filter(([, minutes]) => minutes < 60)

describe.each(NAPS)(
  'behind %s, without a coordinator, in mid-talk, slept for %i minutes',
  (_, minutes, line) => {
    test.each(['who slept', 'who was awake'])('%s is the first to speak', async who => {
      const { world, town, alice, bob } = await talkers(line)
      await world.run(TALKED_AGO_MS)
      // Nobody else could tell the two that their session is over.
      world.crash(town.dc)
      alice.home.sleep()
      await world.run(minutes * MINUTE_MS)
      alice.home.wake()
      await world.run(who === 'who slept' ? 0 : 1_000)
      const [from, to] = who === 'who slept' ? [alice.home, bob.home] : [bob.home, alice.home]
      await expectFirstWord(world, from, to)
      await world.end()
    })
  },
)

describe.each(NIGHTS)('behind %s, after a sleep of %i minutes', (_, minutes, line) => {
  test('who was awake reaches who slept', async () => {
    const { world, alice, bob } = await idlers(line)
    alice.home.sleep()
    await world.run(minutes * MINUTE_MS)
    alice.home.wake()
    await world.run(1_000)
    await expectFirstWord(world, bob.home, alice.home)
    await world.end()
  })

  test('who slept reaches who was awake, in the moment of waking', async () => {
    const { world, alice, bob } = await idlers(line)
    alice.home.sleep()
    await world.run(minutes * MINUTE_MS)
    alice.home.wake()
    await expectFirstWord(world, alice.home, bob.home)
    await world.end()
  })

  test('a word that was said meanwhile is there at once', async () => {
    const { world, alice, bob } = await idlers(line)
    alice.home.sleep()
    await world.run(MINUTE_MS / 2)
    const said = { to: alice.home.spec.name, text: 'are you asleep?', wait: 'sent', timeoutMs: 0 }
    bob.home.call('send', said).catch(() => undefined)
    await world.run(minutes * MINUTE_MS)
    alice.home.wake()
    await world.run(UNSENT_WORD_MS)
    expect(await textsOf(world, alice.home, bob.home.spec.name)).toContain('are you asleep?')
    await world.end()
  })

  test('both slept, and wake elsewhere', async () => {
    const hood = await idlers(line)
    const { world, alice, bob } = hood
    for (const { home } of [alice, bob]) home.sleep()
    await world.run(minutes * MINUTE_MS)
    for (const { home } of [alice, bob]) {
      home.host.move(hood.line(line).next())
      home.wake()
    }
    await world.run(1_000)
    await expectFirstWord(world, bob.home, alice.home)
    await world.end()
  })
})
