/**
 * Alice's own name is given to somebody else while she is away. Her coordinator is there and says no: that is what
 * she hears, and not that nobody could be reached.
 */
import { expect, test } from 'vitest'
import { Coordination } from '../../src/kernel/api/index.ts'
import type { SimHome } from '../../src/kernel/testing/sim-home.ts'
import { World } from '../../src/kernel/testing/world.ts'
import { addPerson, registered, say, townOf } from '../support/ntm-world.ts'

async function robbed(seed: number) {
  const world = new World({ seed })
  const { dc, join, people } = await townOf(world, 'alice', 'bob', 'carol')
  const { alice, bob } = people
  await say(world, alice, bob, 'hello bob')
  await world.until(alice.stop())
  await world.until(dc.call('dc.name.release', { name: 'alice.example' }))
  const heir = await addPerson(world, 'alice.example', '10.0.0.66', join)
  await registered(world, heir)
  await world.restart(alice)
  return { world, dc, alice, bob, heir }
}

const write = (world: World, who: SimHome, to: string) =>
  world.until(who.call('send', { to, text: 'hello', wait: 'delivered', timeoutMs: 60_000 }))

const coordinationOf = ({ device }: SimHome): Coordination =>
  device.house.contributions('service').find(({ token }) => token.id === Coordination.id)!.value

const NO = 'the DC at 10.0.0.1:4500 has given alice.example to another person'

test.each([
  // A request that is not answered is given up after 7.5 s.
  { when: 'while she registers', afterMs: 0, withinMs: 6_000 },
  { when: 'after it has said no', afterMs: 10_000, withinMs: 100 },
])('a look-up $when ends with what the coordinator says, and soon', async ({ afterMs, withinMs }) => {
  const { world, alice } = await robbed(1)
  await world.run(afterMs)
  const beganAtMs = world.clock.monotonicMs()
  await expect(write(world, alice, 'carol.example')).rejects.toMatchObject({
    code: 'NAME_TAKEN',
    exitCode: 4,
    message: `carol.example cannot be looked up: ${NO}`,
  })
  expect(world.clock.monotonicMs() - beganAtMs).toBeLessThan(withinMs)
  expect(coordinationOf(alice).state()).toBe('down')
  expect(coordinationOf(alice).refusal()).toMatchObject({ code: 'NAME_TAKEN', message: NO })
  await world.end()
})

test('whom she knows she reaches all the same', async () => {
  const { world, alice, bob } = await robbed(2)
  expect(await say(world, alice, bob, 'it is still me')).toMatchObject({ state: 'delivered' })
  await world.end()
})

test('when the name is hers again nothing is left of it', async () => {
  const { world, dc, alice, heir } = await robbed(3)
  await world.run(5_000)
  await world.until(heir.stop())
  await world.until(dc.call('dc.name.release', { name: 'alice.example' }))
  await world.run(120_000)
  expect(coordinationOf(alice).state()).toBe('up')
  expect(coordinationOf(alice).refusal()).toBeUndefined()
  expect(await write(world, alice, 'carol.example')).toMatchObject({ state: 'delivered' })
  await world.end()
})
