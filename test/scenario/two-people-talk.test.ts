/** Alice and Bob register at a coordinator, find each other by name and talk, both ways, once and in order. */
import { expect, test } from 'vitest'
import { World } from '../../src/kernel/testing/world.ts'
import {
  addCoordinator,
  addPerson,
  failuresOf,
  registered,
  say,
  textsOf,
  townOf,
} from '../support/ntm-world.ts'

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

test.each([1, 2, 3, 4])(
  'what is said to somebody new stays in order on a slow disk (seed %i)',
  async seed => {
    const world = new World({ seed })
    const town = await addCoordinator(world)
    const alice = await addPerson(world, 'alice.example', '10.0.0.2', town.join, { syncMs: [5, 40] })
    const bob = await addPerson(world, 'bob.example', '10.0.0.3', town.join)
    for (const home of [alice, bob]) await registered(world, home)
    const texts = Array.from({ length: 20 }, (_, at) => `text ${at}`)
    const said: Promise<unknown>[] = []
    for (const text of texts) {
      said.push(alice.call('send', { to: bob.spec.name, text, wait: 'delivered', timeoutMs: 60_000 }))
      await world.run(said.length === 1 ? 10 : 3)
    }
    await world.until(Promise.all(said))
    expect(await textsOf(world, bob, alice.spec.name)).toEqual(texts)
    expect(await textsOf(world, alice, bob.spec.name)).toEqual(texts)
    await world.end()
  },
)
