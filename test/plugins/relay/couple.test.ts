/** Two holders and a relay on a simulated network: what a transport gets from relays, and how soon. */
import { describe, expect, test } from 'vitest'
import { type Faults, QUIET } from '../../../src/kernel/testing/sim-network.ts'
import { couple, HOUR_MS, say } from './relay-world.ts'

const ONE_WAY_MS = 25
const FAR: Faults = { ...QUIET, latencyMs: [ONE_WAY_MS, ONE_WAY_MS] }
const LOSSY: Faults = { latencyMs: [10, 40], loss: 0.3, duplicates: 0.1, reordering: 0.1 }

describe('two holders', () => {
  test('talk through the relay, in the first flight when they know it', async () => {
    const { world, alice, bob } = await couple({ faults: FAR })
    alice.follow()
    bob.follow()
    world.run(1_000)
    const [fromAlice, fromBob] = [alice.open(0), bob.open(1)]
    say(fromAlice, 'first')
    say(fromBob, 'first too')
    expect(world.until(() => alice.heard.length + bob.heard.length === 2)).toBe(2 * ONE_WAY_MS)
    expect(bob.heard).toEqual(['first'])
    expect(alice.heard).toEqual(['first too'])
    world.run(1_000)
    expect([alice.states, bob.states]).toEqual([['bound'], ['bound']])
    expect([fromAlice.state, fromBob.heardMs === undefined]).toEqual(['bound', false])
    expect(world.server.stats()).toMatchObject({ slots: 2, pairs: 1, packets: 2, moves: 0, challenges: 0 })
  })

  test('talk after one round trip more when they do not know it', async () => {
    const { world, alice, bob } = await couple({ faults: FAR })
    const fromAlice = alice.open(0)
    bob.open(1)
    say(fromAlice, 'first')
    expect(world.until(() => bob.heard.length === 1)).toBe(4 * ONE_WAY_MS)
    expect(bob.heard).toEqual(['first'])
  })

  test('lose no first packet when the other side comes a little later', async () => {
    const { world, alice, bob } = await couple({ faults: FAR })
    say(alice.open(0), 'early')
    world.run(2_000)
    bob.open(1)
    world.run(1_000)
    expect(bob.heard).toEqual(['early'])
  })

  test('get through loss', async () => {
    for (let seed = 1; seed <= 50; seed += 1) {
      const { world, alice, bob } = await couple({ seed, faults: LOSSY })
      const [fromAlice, fromBob] = [alice.open(0), bob.open(1)]
      world.until(() => fromAlice.state === 'bound' && fromBob.state === 'bound')
      for (let n = 0; n < 200; n += 1) {
        say(fromAlice, `${n}`)
        world.run(50)
      }
      expect(new Set(bob.heard).size).toBeGreaterThan(60)
    }
  })

  test('bind again by themselves when the relay has restarted, at the next packet', async () => {
    const { world, alice, bob } = await couple({ faults: FAR })
    const [fromAlice] = [alice.open(0), bob.open(1)]
    world.run(1_000)
    world.restart()
    say(fromAlice, 'lost with the memory of the relay')
    world.run(4 * ONE_WAY_MS)
    expect(world.server.stats().slots).toBe(1)
    world.run(25_000)
    say(fromAlice, 'heard')
    world.run(1_000)
    expect(bob.heard).toEqual(['heard'])
    expect(alice.states).toEqual(['bound'])
  })

  test('hear that the relay is gone, and that it is back', async () => {
    const { world, alice, bob } = await couple({ faults: FAR })
    const [fromAlice] = [alice.open(0), bob.open(1)]
    world.run(1_000)
    world.silence()
    fromAlice.refresh()
    world.run(2_000)
    expect(alice.states).toEqual(['bound', 'lost'])
    await world.wake()
    world.run(15_000)
    expect(alice.states).toEqual(['bound', 'lost', 'bound'])
  })

  test('keep their slots beyond the ticket', async () => {
    const { world, alice, bob } = await couple({ faults: FAR })
    const [fromAlice] = [alice.open(0), bob.open(1)]
    for (let minute = 0; minute < 120; minute += 1) {
      say(fromAlice, 'still')
      world.run(60_000)
    }
    expect(world.clock.now()).toBeGreaterThan(fromAlice.expires + HOUR_MS / 2)
    expect(bob.heard).toHaveLength(120)
  })
})

describe('a holder that moves', () => {
  test('is heard and hears within a round trip', async () => {
    const { world, alice, bob } = await couple({ faults: FAR })
    const [fromAlice, fromBob] = [alice.open(0), bob.open(1)]
    world.run(1_000)
    await alice.goTo('198.51.100.77')
    alice.client.moved()
    say(fromAlice, 'from elsewhere')
    for (let n = 0; n < 20; n += 1) {
      say(fromBob, `${n}`)
      world.run(5)
    }
    world.run(1_000)
    expect(bob.heard).toEqual(['from elsewhere'])
    expect(alice.heard).toEqual(Array.from({ length: 20 }, (_, n) => `${n}`))
    expect(world.server.stats().moves).toBe(1)
  })

  test('has all of a full flow again after a round trip more, and none of it twice', async () => {
    const { world, alice, bob } = await couple({ faults: FAR })
    const [, fromBob] = [alice.open(0), bob.open(1)]
    world.run(1_000)
    const big = (n: number): string => `${n}`.padEnd(1_200, '.')
    for (let n = 0; n < 400; n += 1) {
      if (n === 200) {
        await alice.goTo('198.51.100.77')
        alice.client.moved()
      }
      say(fromBob, big(n))
      world.run(1)
    }
    world.run(1_000)
    const heard = alice.heard.map(text => Number.parseInt(text, 10))
    const missing = Array.from({ length: 400 }, (_, n) => n).filter(n => !heard.includes(n))
    // Lost is what was under way to the old place, and what went there until the echo of the cookie came.
    expect(missing.length).toBeLessThanOrEqual(2 * ONE_WAY_MS + 2 * ONE_WAY_MS)
    expect([missing[0]! >= 150, missing.at(-1)! <= 200 + 2 * ONE_WAY_MS]).toEqual([true, true])
    expect(new Set(heard).size).toBe(heard.length)
  })

  test('finds the other one that has moved in the same moment', async () => {
    const { world, alice, bob } = await couple({ faults: FAR })
    const [fromAlice, fromBob] = [alice.open(0), bob.open(1)]
    world.run(1_000)
    await alice.goTo('198.51.100.77')
    await bob.goTo('203.0.113.88')
    alice.client.moved()
    bob.client.moved()
    say(fromAlice, 'here now')
    say(fromBob, 'and here')
    expect(world.until(() => alice.heard.length + bob.heard.length === 2)).toBe(2 * ONE_WAY_MS)
  })

  test('is found through loss, also when the relay has restarted meanwhile', async () => {
    for (let seed = 1; seed <= 50; seed += 1) {
      const { world, alice, bob } = await couple({ seed, faults: LOSSY })
      const [fromAlice, fromBob] = [alice.open(0), bob.open(1)]
      world.until(() => fromAlice.state === 'bound' && fromBob.state === 'bound')
      await alice.goTo('198.51.100.77')
      alice.client.moved()
      if (seed % 2 === 0) world.restart()
      // As long as the shortest packet of a tunnel: enough to be asked for a claim.
      const text = 'now'.padEnd(32)
      const both = (): boolean => alice.heard.includes(text) && bob.heard.includes(text)
      const ask = (): void => {
        say(fromAlice, text)
        say(fromBob, text)
        if (!both()) world.clock.after(100, ask)
      }
      ask()
      expect(world.until(both)).toBeLessThan(5_000)
    }
  })
})
