/** Between two who know each other the coordinator has nothing to do, however much they write and however rarely. */
import { expect, test } from 'vitest'
import { World } from '../../src/kernel/testing/world.ts'
import { type DcStats, say, statsOf, townOf } from '../support/ntm-world.ts'

const TEXTS = 100
const KEPT_ALIVE = ['keep-alive', 'keep-alive-ack']

const withoutKeepAlives = ({ received }: DcStats) =>
  Object.fromEntries(Object.entries(received).filter(([type]) => !KEPT_ALIVE.includes(type)))

test.each([
  ['in a row', 0],
  ['a minute apart', 60_000],
  ['a quarter of an hour apart, longer than keys live', 15 * 60_000],
])('a hundred texts %s', async (_, pauseMs) => {
  const world = new World({ seed: 5 })
  const town = await townOf(world, 'alice', 'bob')
  const { alice, bob } = town.people
  await say(world, alice, bob, 'the first')
  await say(world, bob, alice, 'and an answer')
  await world.run(1_000)
  const before = await statsOf(world, town)
  for (let text = 0; text < TEXTS; text += 1) {
    const [from, to] = text % 3 === 0 ? [bob, alice] : [alice, bob]
    await say(world, from, to, `text ${text}`)
    // Who pings or retries asks for a path although one is there.
    expect(await world.until(from.device.path.peers.reach(to.keys.keys.device))).toEqual({ up: true })
    await world.run(pauseMs)
  }
  const after = await statsOf(world, town)
  expect(withoutKeepAlives(after)).toEqual(withoutKeepAlives(before))
  const answered = (after.received['keep-alive'] ?? 0) - (before.received['keep-alive'] ?? 0)
  expect(after.sent - before.sent).toBe(answered)

  // The counters do count.
  await world.until(alice.call('contact.add', { name: 'nobody.example' }).catch(() => undefined))
  expect(withoutKeepAlives(await statsOf(world, town))).not.toEqual(withoutKeepAlives(before))
  await world.end()
})
