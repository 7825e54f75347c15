/** A link tells direct or relay and why, for `peers` and `ping`: what NATs stand there, what is set, what fell silent. */
import { expect, test } from 'vitest'
import type { SimHome } from '../../src/kernel/testing/sim-home.ts'
import { type LineSpec, neighbourhood } from '../support/neighbourhood.ts'
import { notesAbout, say, transportOf } from '../support/ntm-world.ts'

const linkOf = (home: SimHome) => transportOf(home).links()[0]!

const told: readonly (readonly [LineSpec['nat'], LineSpec['nat'], 'direct' | 'relay', string])[] = [
  ['home', 'home', 'direct', 'it answered first'],
  ['symmetric', 'symmetric', 'relay', 'both NATs give every flow another port'],
]

test.each(told)('%s to %s: %s, %s', async (a, b, path, why) => {
  const spec = { seed: 7, alice: { nat: a! }, bob: { nat: b! }, relayLatenciesMs: [5, 9] }
  const { world, alice, bob } = await neighbourhood(spec)
  await say(world, alice.home, bob.home, 'hello')
  await world.run(8_000)
  for (const { home } of [alice, bob]) expect(linkOf(home)).toMatchObject({ path, why })
})

test('a direct path that died and came back is told of, and stands in the journal', async () => {
  const spec = { seed: 7, alice: { nat: 'home' }, bob: { nat: 'home' }, relayLatenciesMs: [5] } as const
  const { world, alice, bob } = await neighbourhood(spec)
  const talk = async (seconds: number): Promise<void> => {
    for (let at = 0; at < 2 * seconds; at += 1) {
      await say(world, alice.home, bob.home, 'and on')
      await world.run(500)
    }
  }
  await talk(3)
  expect(linkOf(alice.home)).toMatchObject({ path: 'direct' })
  const fill = world.network.cut(alice.line.nat!, bob.line.nat!, 'both')
  await talk(8)
  expect(linkOf(alice.home)).toMatchObject({ path: 'relay' })
  expect(linkOf(alice.home).why).toMatch(/^the direct path fell silent \d+ s ago$/)
  fill()
  await talk(8)
  expect(linkOf(alice.home)).toMatchObject({ path: 'direct', why: 'it answered first' })
  const story = (await notesAbout(world, alice.home, linkOf(alice.home).device)).join('\n')
  const [direct, relay] = [String.raw`198\.51\.100\.\d:\d+`, String.raw`the relay at 203\.0\.113\.\d+:\d+`]
  const inOrder = [
    `by ${direct}`,
    `no answer by ${direct} for \\d+ ms`,
    `by ${relay}, \\d+\\.\\d ms: ${direct} is silent`,
    `by ${direct}, \\d+\\.\\d ms`,
  ]
  expect(story).toMatch(new RegExp(inOrder.join('[\\s\\S]*')))
})
