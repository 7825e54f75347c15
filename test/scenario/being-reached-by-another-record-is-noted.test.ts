/**
 * When a tunnel opens, both say by which name record they found the other. Bob signed a new one meanwhile and Alice
 * still goes by the old: his journal says so. It would say the same if she had been told a record that he never
 * signed.
 */
import { expect, test } from 'vitest'
import { World } from '../../src/kernel/testing/world.ts'
import { addCoordinator, addPerson, notesAbout, registered, say } from '../support/ntm-world.ts'

const DAY_MS = 24 * 60 * 60_000

test('the owner of a name record notes who goes by another one', async () => {
  const world = new World({ seed: 1 })
  const { dc, join } = await addCoordinator(world)
  const alice = await addPerson(world, 'alice.example', '10.0.0.2', join)
  let skewMs = 0
  const bob = await addPerson(world, 'bob.example', '10.0.0.3', join, {
    get skewMs() {
      return skewMs
    },
  })
  for (const home of [alice, bob]) await registered(world, home)
  await say(world, alice, bob, 'hello')
  await world.run(1_000)
  const aboutAlice = () => notesAbout(world, bob, alice.keys.keys.device)
  const noted = expect.stringContaining('by a name record that it did not sign last')
  expect(await aboutAlice()).not.toContainEqual(noted)

  // Bob's clock says that it is almost a year later: he signs a new record, and she cannot hear of it.
  world.crash(dc)
  await world.until(bob.stop())
  skewMs = 300 * DAY_MS
  await world.restart(bob)
  await world.run(30_000)
  expect(await aboutAlice()).toContainEqual(noted)
  await world.end()
})
