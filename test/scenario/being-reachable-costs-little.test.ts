/**
 * A phone pays for every datagram with its battery, and most of all for every time its radio wakes up. So it is counted
 * what a node costs that has nothing to do, or waits for somebody who is away. The table is in `docs/reach.md`.
 */
import { afterEach, describe, expect, test } from 'vitest'
import type { SimHome } from '../../src/kernel/testing/sim-home.ts'
import type { World } from '../../src/kernel/testing/world.ts'
import { type LineSpec, type Neighbourhood, neighbourhood } from '../support/neighbourhood.ts'
import { say, transportOf } from '../support/ntm-world.ts'
import { type Spent, spentIn } from '../support/radio.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
/** A keepalive of the coordinator every two minutes, with its keys anew, and the relay's round trip every ten. */
const IDLE: Spent = { datagrams: 120, bytes: 16_000, wakes: 45 }

const ONE_RELAY = { seed: 7, relayLatenciesMs: [5] }
const HOME: LineSpec = { nat: 'home' }
const HARD: LineSpec = { nat: 'symmetric' }

const expectAtMost = (spent: Spent, most: Spent): void => {
  for (const what of ['datagrams', 'bytes', 'wakes'] as const)
    expect(spent[what], `${what} of ${JSON.stringify(spent)}`).toBeLessThanOrEqual(most[what])
  // The counters do count.
  expect(spent.datagrams).toBeGreaterThan(0)
}

const sayUnheard = ({ alice }: { alice: { home: SimHome } }, to: string, text: string): void => {
  const asked = { to, text, wait: 'sent', timeoutMs: 0 }
  alice.home.call('send', asked).catch(() => undefined)
}

let world: World | undefined
afterEach(async () => {
  await world?.end()
  world = undefined
})

async function pair(alice: LineSpec, bob: LineSpec | 'with alice') {
  const hood = await neighbourhood({ ...ONE_RELAY, alice, bob })
  world = hood.world
  await say(hood.world, hood.alice.home, hood.bob.home, 'hello')
  await say(hood.world, hood.bob.home, hood.alice.home, 'hello yourself')
  await hood.world.run(10_000)
  return hood
}

const pathOf = ({ alice }: { alice: { home: SimHome } }) => transportOf(alice.home).links()[0]?.path

/** Contacts that were met and whose power is gone. */
async function gone(hood: Neighbourhood & { alice: { home: SimHome } }, count: number): Promise<string[]> {
  const names: string[] = []
  const homes: SimHome[] = []
  for (let at = 0; at < count; at += 1) {
    const { home } = await hood.person(`friend${at}`, hood.line(HOME))
    await say(hood.world, hood.alice.home, home, 'hello')
    await say(hood.world, home, hood.alice.home, 'hello yourself')
    names.push(home.spec.name)
    homes.push(home)
  }
  for (const home of homes) hood.world.crash(home)
  return names
}

describe('an idle hour', () => {
  test.each<[string, LineSpec, LineSpec | 'with alice', string, Spent]>([
    ['of two who met directly', HOME, HOME, 'direct', IDLE],
    ['of two who met over a relay', HARD, HARD, 'relay', IDLE],
    // New names on the link, four times an hour, have them call each other.
    ['of two on one LAN', HOME, 'with alice', 'direct', { datagrams: 220, bytes: 27_000, wakes: 55 }],
  ])('%s', async (_, alice, bob, path, most) => {
    const hood = await pair(alice, bob)
    expect(pathOf(hood)).toBe(path)
    await hood.world.run(HOUR_MS / 2)
    expectAtMost(await spentIn(hood.world, hood.alice.home, HOUR_MS), most)
  })

  test('of a node without IPv6 asks no relay by IPv6, however many there are', async () => {
    const relayLatenciesMs = [5, 6, 7, 8]
    const hood = await neighbourhood({ seed: 8, relayLatenciesMs, alice: HOME, bob: HOME })
    world = hood.world
    await hood.world.run(HOUR_MS / 2)
    const perRelay = 2 * 6
    const most = { datagrams: 110 + 4 * perRelay, bytes: 20_000, wakes: 70 }
    expectAtMost(await spentIn(hood.world, hood.alice.home, HOUR_MS), most)
  })

  test('while the coordinator is away', async () => {
    const hood = await pair(HOME, HOME)
    hood.world.crash(hood.town.dc)
    await hood.world.run(HOUR_MS / 2)
    const most = { datagrams: 150, bytes: 27_000, wakes: 140 }
    expectAtMost(await spentIn(hood.world, hood.alice.home, HOUR_MS), most)
  })

  test('with twenty contacts that are away costs no more than with none, also after a start', async () => {
    const hood = await pair(HOME, HOME)
    await gone(hood, 20)
    await hood.world.run(HOUR_MS / 4)
    expectAtMost(await spentIn(hood.world, hood.alice.home, HOUR_MS), IDLE)
    await hood.world.until(hood.alice.home.stop())
    await hood.world.restart(hood.alice.home)
    const start = await spentIn(hood.world, hood.alice.home, 2 * MINUTE_MS)
    expectAtMost(start, { datagrams: 20 * 5 + 60, bytes: 25_000, wakes: 10 })
    await hood.world.run(10 * MINUTE_MS)
    expectAtMost(await spentIn(hood.world, hood.alice.home, HOUR_MS), IDLE)
  }, 120_000)
})

test('a text to somebody whose path is quiet costs sixty datagrams, and then the path is left alone', async () => {
  const hood = await pair(HOME, HOME)
  await hood.world.run(5 * MINUTE_MS)
  sayUnheard(hood, 'bob.example', 'how are you?')
  const minute = await spentIn(hood.world, hood.alice.home, MINUTE_MS)
  expectAtMost(minute, { datagrams: 90, bytes: 11_000, wakes: 15 })
  // Until its relay channel falls silent, too.
  const after = await spentIn(hood.world, hood.alice.home, 10 * MINUTE_MS)
  expectAtMost(after, { datagrams: 80, bytes: 9_000, wakes: 30 })
})

describe('texts for who is away', () => {
  test('cost little while it lasts, and come soon after the other has', async () => {
    const hood = await pair(HOME, HOME)
    hood.world.crash(hood.bob.home)
    await hood.world.run(10 * MINUTE_MS)
    sayUnheard(hood, 'bob.example', 'whenever you come back')
    await hood.world.run(HOUR_MS)
    const most = { datagrams: 950, bytes: 135_000, wakes: 215 }
    expectAtMost(await spentIn(hood.world, hood.alice.home, HOUR_MS), most)
    await hood.world.restart(hood.bob.home)
    await hood.world.run(5_000)
    const asked = hood.bob.home.call('history', { with: 'alice.example', limit: 1 })
    expect(await hood.world.until(asked)).toMatchObject({ messages: [{ text: 'whenever you come back' }] })
  })

  test.each([
    ['five minutes', 5, 100],
    ['an hour', 60, 160],
  ])('come to who was without a network for %s', async (_, minutes, withinSeconds) => {
    const hood = await pair(HOME, HOME)
    hood.bob.home.host.down()
    await hood.world.run(MINUTE_MS)
    sayUnheard(hood, 'bob.example', 'when you are out of the tunnel')
    await hood.world.run((minutes - 1) * MINUTE_MS)
    hood.bob.home.host.up()
    await hood.world.run(withinSeconds * 1_000)
    const asked = hood.bob.home.call('history', { with: 'alice.example', limit: 1 })
    expect(await hood.world.until(asked)).toMatchObject({
      messages: [{ text: 'when you are out of the tunnel' }],
    })
  })
})
