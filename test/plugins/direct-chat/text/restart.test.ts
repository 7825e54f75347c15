/** A power loss of either side after every single step of a short conversation loses nothing and shows nothing twice. */
import { expect, it } from 'vitest'
import { decodeFrame } from '../../../../src/wire/frame.ts'
import { STREAM } from '../support/home.ts'
import { FAIR, faults, isAllDelivered, type Weather, World } from '../support/two-homes.ts'

const WEATHER: Weather = { loss: 0.1, duplication: 0.1, delayMs: [5, 50], syncMs: [1, 8] }

function conversation(stopAfter: number, who: 0 | 1): { steps: number; found: string[] } {
  const world = new World(11, WEATHER)
  const [alice, bob] = world.homes
  let said = 0
  world.after(10, () => alice.say(['one'], () => (said += 1)))
  world.after(20, () => alice.say(['two', 'three', 'four'], () => (said += 1)))
  world.after(90, () => bob.say(['five'], () => (said += 1)))
  world.after(120, () => alice.say(['x'.repeat(5_000)], () => (said += 1)))
  let steps = 0
  world.run(2_000, () => steps++ === stopAfter)
  world.homes[who].crash()
  world.after(200, () => world.homes[who].begin())
  const found: string[] = []
  for (let second = 0; second < 600 && found.length === 0; second += 1) {
    world.run(1_000)
    found.push(...faults(world))
    if (second > 2 && isAllDelivered(world)) break
  }
  if (!isAllDelivered(world)) found.push('not everything arrived')
  if (said > 0 && alice.own().length + bob.own().length < said) found.push('something synced is gone')
  return { steps, found }
}

it.each([0, 1] as const)('home %i may lose power after any step', who => {
  let longest = 0
  for (let step = 1; step <= 45; step += 1) {
    const { steps, found } = conversation(step, who)
    expect(found, `after step ${step}`).toEqual([])
    longest = Math.max(longest, steps)
  }
  expect(longest).toBeGreaterThan(35)
})

it('remembers over a restart what was delivered, read and shown, and sends none of it again', () => {
  const world = new World(1, FAIR)
  const [alice, bob] = world.homes
  world.run(50)
  world.join()
  alice.say(['one', 'two'])
  world.run(1_000)
  const { id } = bob.heard().at(-1)!
  const command = { kind: 'show', stream: STREAM, author: alice.device, seq: 1, id } as const
  bob.feed({ kind: 'command', command })
  world.run(1_000)
  bob.say(['three'])
  alice.say(['four'])
  world.run(1_000)
  for (const home of world.homes) home.crash()
  const before = alice.sent.length
  for (const home of world.homes) home.begin()
  world.run(50)
  world.join()
  world.run(5_000)
  expect(alice.book.of(STREAM, 1).state).toBe('read')
  expect(bob.pointers.shown).toBe(2)
  const again = alice.sent.slice(before).map(bytes => decodeFrame(bytes))
  expect(again.filter(frame => frame.ok && frame.value.kind === 'run')).toEqual([])
  expect(faults(world)).toEqual([])
})

it('finds out in a few round trips what the other side has, when its own pointers are lost', () => {
  const world = new World(1, FAIR)
  const [alice] = world.homes
  world.run(50)
  world.join()
  for (let count = 0; count < 2_000; count += 1) alice.say([`${count}`])
  world.run(20_000)
  expect(isAllDelivered(world)).toBe(true)
  alice.crash()
  alice.forget()
  const before = alice.sent.length
  alice.begin()
  world.run(50)
  world.join()
  world.run(5_000)
  expect(isAllDelivered(world)).toBe(true)
  expect(alice.sent.length - before).toBeLessThan(500)
})
