/** Alice and Bob register at a coordinator, find each other by name and talk, both ways, once and in order. */
import { expect, test } from 'vitest'
import { World } from '../../src/kernel/testing/world.ts'
import { failuresOf, say, textsOf, townOf } from '../support/ntm-world.ts'

test('texts go both ways, once and in order', async () => {
  const world = new World({ seed: 7 })
  const { dc, people } = await townOf(world, 'alice', 'bob')
  const { alice, bob } = people
  for (const home of [dc, alice, bob]) expect(failuresOf(home)).toEqual([])

  expect(await say(world, alice, bob, 'hello bob')).toMatchObject({ state: 'delivered', path: 'direct' })
  expect(await say(world, bob, alice, 'hello alice')).toMatchObject({ state: 'delivered', path: 'direct' })
  const said = ['hello bob', 'hello alice']
  expect(await textsOf(world, alice, 'bob.example')).toEqual(said)
  expect(await textsOf(world, bob, 'alice.example')).toEqual(said)
  await world.end()
})
