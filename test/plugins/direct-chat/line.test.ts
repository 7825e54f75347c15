/** Two text machines back to back: whatever the line does, everything arrives once, in order, and is told so. */
import { describe, expect, it } from 'vitest'
import { fuzzRuns } from '../../support/fuzz.ts'
import type { Lies } from './support/home.ts'
import { FAIR, faults, isAllDelivered, type Weather, World } from './support/two-homes.ts'

const BAD: Weather = { loss: 0.3, duplication: 0.1, delayMs: [20, 200], syncMs: [0.5, 10] }

interface Story {
  readonly events: number
  readonly partitions: number
  readonly crashes: number
}

/** A chat in bad weather with partitions and crashes; returns what is wrong at the end. */
function chat(seed: number, story: Story, weather: Weather = BAD, lies: Lies = {}): string[] {
  const world = new World(seed, weather, lies)
  const { random } = world
  const pick = () => world.homes[random() < 0.5 ? 0 : 1]
  let left = story.events
  while (left > 0) {
    const count = Math.min(left, random() < 0.7 ? 1 : 1 + Math.floor(random() * 20))
    left -= count
    const texts = Array.from({ length: count }, (_, index) => `text ${left} ${index}`)
    const speaker = pick()
    world.after(random() * 10_000, () => speaker.isUp && speaker.say(texts))
  }
  for (let times = 0; times < story.partitions; times += 1) {
    const atMs = random() * 10_000
    world.after(atMs, () => world.part())
    world.after(atMs + random() * 5_000, () => world.heal())
  }
  for (let times = 0; times < story.crashes; times += 1) {
    world.after(random() * 10_000, () => {
      const home = pick()
      if (!home.isUp) return
      home.crash()
      world.after(random() * 3_000, () => home.begin())
    })
  }
  world.after(15_001, () => world.heal())
  for (let second = 0; second < 15; second += 1) {
    world.run(1_000)
    const found = faults(world)
    if (found.length > 0) return found
  }
  world.run(3_600_000, () => isAllDelivered(world))
  const found = faults(world)
  return isAllDelivered(world) ? found : [...found, 'not everything arrived']
}

describe('the line between two homes', () => {
  it('delivers everything once and in order over a line that loses, doubles and reorders', () => {
    for (let seed = 1; seed <= fuzzRuns(300); seed += 1)
      expect(chat(seed, { events: 50, partitions: 0, crashes: 0 }), `seed ${seed}`).toEqual([])
  })

  it('survives partitions and power losses of either side', () => {
    for (let seed = 1; seed <= fuzzRuns(300); seed += 1)
      expect(chat(seed, { events: 50, partitions: 2, crashes: 2 }), `seed ${seed}`).toEqual([])
  })

  it('is judged by something that can see a loss and a ghost', () => {
    const story = { events: 20, partitions: 0, crashes: 0 }
    expect(chat(1, story, BAD, { admitsWithoutKeeping: true })).not.toEqual([])
    expect(chat(1, story, BAD, { keepsTwice: true })).not.toEqual([])
  })

  it('needs one round trip and one datagram each way in fair weather', () => {
    const world = new World(1, FAIR)
    const [alice, bob] = world.homes
    world.join()
    world.run(100)
    alice.say(['hi'])
    const [least] = FAIR.delayMs
    const [syncMs] = FAIR.syncMs
    // Her disk, there, his disk, and back.
    world.run(syncMs + least + syncMs + least, () => isAllDelivered(world) && alice.own().length === 1)
    expect(isAllDelivered(world)).toBe(true)
    world.run(600_000)
    expect([alice.sent.length, bob.sent.length]).toEqual([1, 1])
    expect(world.datagrams).toBe(2)
  })
})
