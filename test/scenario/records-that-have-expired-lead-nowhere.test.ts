/**
 * A name record lives for a year. Bob has been away for longer, and his coordinator still holds what he said then:
 * nobody is led to him by it, until he comes back and says it anew.
 */
import { expect, test } from 'vitest'
import { World } from '../../src/kernel/testing/world.ts'
import { registered, say, townOf } from '../support/ntm-world.ts'

const DAY_MS = 24 * 60 * 60_000

test('who was away for more than a year is unknown until he comes back', async () => {
  const world = new World({ seed: 1 })
  const { dc, people } = await townOf(world, 'alice', 'bob')
  const { alice, bob } = people
  for (const home of [alice, bob, dc]) await world.until(home.stop())
  await world.run(366 * DAY_MS)
  for (const home of [dc, alice]) await world.restart(home)
  await registered(world, alice)
  await expect(world.until(alice.call('contact.add', { name: 'bob.example' }))).rejects.toMatchObject({
    code: 'UNKNOWN_PEER',
  })
  await world.restart(bob)
  await registered(world, bob)
  expect(await say(world, alice, bob, 'there you are')).toMatchObject({ state: 'delivered' })
  await world.end()
})
