/**
 * A coordinator that was restarted has everyone again within half a minute, however rarely they speak to it: it
 * wrote down where each of them was before it answered them, and calls them back.
 */
import { expect, test } from 'vitest'
import { World } from '../../src/kernel/testing/world.ts'
import { addCoordinator, addPerson, registered, say, statsOf } from '../support/ntm-world.ts'

const NODES = 8
const HALF_A_MINUTE_MS = 30_000
/** Less than anybody stays silent of himself: whoever is back by then was called. */
const CALLED_BACK_MS = 10_000

async function village(seed: number) {
  const world = new World({ seed })
  const town = await addCoordinator(world)
  const nodes = []
  for (let index = 0; index < NODES; index += 1)
    nodes.push(await addPerson(world, `n${index}.example`, `10.0.1.${index + 1}`, town.join))
  for (const node of nodes) await registered(world, node)
  return { world, town, nodes }
}

test.each([
  ['has only just answered them', 0],
  ['is spoken to every two minutes', 3_600_000],
])('after a loss of power, when it %s', async (_, ageMs) => {
  const { world, town, nodes } = await village(1)
  await world.run(ageMs)
  world.crash(town.dc)
  await world.run(5_000)
  await world.restart(town.dc)
  await world.run(CALLED_BACK_MS)
  expect((await statsOf(world, town)).registered).toBe(NODES)
  expect(await say(world, nodes[0]!, nodes[1]!, 'hello')).toMatchObject({ state: 'delivered' })
  await world.end()
})

test('after an orderly restart, on a network that loses every fifth datagram', async () => {
  const { world, town } = await village(2)
  await world.run(600_000)
  await world.until(town.dc.stop())
  world.network.faults = { latencyMs: [20, 100], loss: 0.2, duplicates: 0.1, reordering: 0.1 }
  await world.restart(town.dc)
  await world.run(HALF_A_MINUTE_MS)
  expect((await statsOf(world, town)).registered).toBe(NODES)
  await world.end()
})

test('also who moved just before it crashed', async () => {
  const { world, town, nodes } = await village(3)
  await world.run(3_600_000)
  const [mover] = nodes
  await world.until(mover!.stop())
  const squatter = world.network.host(mover!.spec.address)
  await squatter.udp({ address: mover!.spec.address, port: 49_152 }, () => undefined)
  await world.restart(mover!)
  await registered(world, mover!)
  world.crash(town.dc)
  await world.restart(town.dc)
  await world.run(CALLED_BACK_MS)
  expect((await statsOf(world, town)).registered).toBe(NODES)
  await world.end()
})
