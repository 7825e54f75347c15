/** Who shares a path: connections to the same peer that have something under way, and none that is over or has said all. */
import { expect, it } from 'vitest'
import { BOB } from '../packets.ts'
import { Pair } from './pair.ts'

const content = new Uint8Array(400_000)

it('counts whoever sends to the peer while it does, however it ends', () => {
  const pair = new Pair({ oneWayMs: 25, bytesPerMs: 1_000 })
  const first = pair.meet(80)
  const second = pair.meet(81)
  const third = pair.meet(82)
  expect(pair.alice.sendersTo(BOB)).toBe(0)
  for (const { alice } of [first, second, third]) alice.say(content)
  pair.run(100)
  expect(pair.alice.sendersTo(BOB)).toBe(3)
  third.alice.connection!.abort()
  pair.run(1)
  expect(pair.alice.sendersTo(BOB)).toBe(2)
  expect(pair.runUntil(() => first.bob.heardBytes.length === content.length, 60_000)).toBe(true)
  expect(pair.runUntil(() => second.bob.heardBytes.length === content.length, 60_000)).toBe(true)
  pair.run(500)
  expect(pair.alice.sendersTo(BOB)).toBe(0)
  first.alice.end()
  first.bob.end()
  pair.run(60_000)
  expect(pair.alice.sendersTo(BOB)).toBe(0)
})
