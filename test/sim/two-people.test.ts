/**
 * Two people write to each other over a network that loses, doubles, delays and reorders, is cut for a while, and
 * the power goes at one of them. In the end each has everything, once, in order, and both agree.
 */
import { describe, expect, test } from 'vitest'
import type { MemoryDiskFaults } from '../../src/kernel/testing/memory-disk.ts'
import type { SimHome } from '../../src/kernel/testing/sim-home.ts'
import { HARSH } from '../../src/kernel/testing/sim-network.ts'
import {
  type ChatWorld,
  calmDown,
  chatWorld,
  historyOf,
  say,
  sayOnce,
  streamOf,
} from './support/chat-world.ts'
import { keptIfRed, seedsOf } from './support/seeds.ts'

const SUITE = 'two-people'
/** The share of every test run; `npm run sim -- --seeds N` runs more. */
const SEEDS = 500
const PLANTED_SEEDS = 8

const TEXTS = 50
/** Texts that are on their way when the power goes. */
const BURST = 12
/** Power losses just after somebody was told that something is safe, while the disk is slow. */
const CUTS = 4
const SLOW_SYNC_MS = 200
/** Virtual time for everything to get through, once the network is good again. */
const PATIENCE_MS = 240_000
const LOOK_MS = 10_000

interface Said {
  readonly from: string
  readonly text: string
  /** Undefined: the power went before the sender was told that it is in the log. */
  id: string | undefined
}

type Flaws = Pick<MemoryDiskFaults, 'ignoresSync' | 'answersEarly'>

async function tell(seed: number, flaws: Flaws = {}) {
  const chats = await chatWorld(seed, HARSH)
  const { world, alice, bob } = chats
  for (const home of [alice, bob]) Object.assign(home.diskFaults, flaws)
  const said: Said[] = []
  const note = (from: SimHome): Said => {
    const entry: Said = { from: from.spec.name, text: `${said.length} from ${from.spec.name}`, id: undefined }
    said.push(entry)
    return entry
  }
  const cutAt = world.random.between(5, 30)
  const crashAt = [world.random.between(10, 25), world.random.between(26, 45)]
  for (let at = 0; at < TEXTS; at += 1) {
    const [from, to] = world.random.next() < 0.5 ? [alice, bob] : [bob, alice]
    const entry = note(from)
    entry.id = await say(chats, from, to, entry.text)
    if (at === cutAt) world.network.partition([alice.spec.address], [bob.spec.address])
    if (at === cutAt + 8) world.network.heal()
    if (crashAt.includes(at)) {
      for (let burst = 0; burst < BURST; burst += 1) sayUnheard(from, to, note(from))
      await crash(chats, world.random.next() < 0.7 ? from : to)
    }
    await world.run(world.random.between(0, 500))
  }
  for (let cut = 0; cut < CUTS; cut += 1) {
    const [from, to] = cut % 2 === 0 ? [alice, bob] : [bob, alice]
    await cutOff(chats, from, cut < CUTS / 2 ? from : to, () => {
      const entry = note(from)
      sayUnheard(from, to, entry)
      return entry.text
    })
  }
  calmDown(chats)
  await untilDelivered(chats)
  return { chats, said }
}

/**
 * Cuts the power of one side just after it has told that something is safe: the sender of a burst its first
 * texts, or the receiver its last one. Its disk is slow meanwhile and nothing unsynced survives.
 */
async function cutOff(
  { world }: ChatWorld,
  from: SimHome,
  victim: SimHome,
  sayOne: () => string,
): Promise<void> {
  await world.untilTrue(() => from.device.path.peers.links().some(({ up }) => up))
  const { slowSync } = victim.diskFaults
  victim.diskFaults.slowSync = () => new Promise(resolve => world.clock.after(SLOW_SYNC_MS, resolve))
  const texts = Array.from({ length: BURST }, sayOne)
  const awaited = from === victim ? texts[0]! : texts.at(-1)!
  let isTold = false
  victim.device.path.log.appended$.subscribe(({ event: { data } }) => {
    isTold ||= data !== undefined && Buffer.from(data).includes(awaited)
  })
  await world.untilTrue(() => isTold)
  await world.run(world.random.between(0, SLOW_SYNC_MS / 4))
  world.crash(victim, 0)
  victim.diskFaults.slowSync = slowSync!
  await world.run(world.random.between(100, 3_000))
  await world.restart(victim)
}

/** Lets time pass until everything that either log has is delivered, and a little longer. */
async function untilDelivered(chats: ChatWorld): Promise<void> {
  const { world, alice, bob } = chats
  for (let passedMs = 0; passedMs < PATIENCE_MS; passedMs += LOOK_MS) {
    await world.run(LOOK_MS)
    const shown = [await historyOf(chats, alice, bob), await historyOf(chats, bob, alice)]
    const isSame = shown[0]!.length === shown[1]!.length
    if (isSame && shown.flat().every(({ state }) => state === 'delivered' || state === 'read')) break
  }
  await world.run(LOOK_MS)
}

/** The power may go before the answer comes. */
function sayUnheard(from: SimHome, to: SimHome, entry: Said): void {
  sayOnce(from, to, entry.text).then(
    id => {
      entry.id = id
    },
    () => undefined,
  )
}

async function crash({ world }: ChatWorld, home: SimHome): Promise<void> {
  await world.run(world.random.between(0, 60))
  world.crash(home, world.random.between(0, 3))
  await world.run(world.random.between(100, 3_000))
  await world.restart(home)
}

async function check({ chats, said }: Awaited<ReturnType<typeof tell>>): Promise<string> {
  const { world, alice, bob } = chats
  const [atAlice, atBob] = [await historyOf(chats, alice, bob), await historyOf(chats, bob, alice)]
  const order = new Map(said.map(({ text }, index) => [text, index]))
  for (const [home, shown] of [
    [alice, atAlice],
    [bob, atBob],
  ] as const) {
    const ids = shown.map(({ id }) => id)
    expect(new Set(ids).size).toBe(ids.length)
    expect(ids).toEqual(expect.arrayContaining(said.flatMap(({ id }) => id ?? [])))
    for (const name of ['alice.example', 'bob.example']) {
      const places = shown
        .filter(({ from }) => from === name)
        .map(({ text }) => order.get(text) ?? Number.NaN)
      expect(places).toEqual([...new Set(places)].sort((a, b) => a - b))
    }
    const own = shown.filter(({ from }) => from === home.spec.name)
    expect(new Set(own.map(({ state }) => state))).toEqual(new Set(['delivered']))
  }
  expect(atAlice.map(({ id }) => id)).toEqual(atBob.map(({ id }) => id))
  expect([alice, bob].flatMap(failuresOf)).toEqual([])
  await agree(chats)
  await world.end()
  return world.trace
}

/** What its fences have counted since it started last. */
function failuresOf(home: SimHome): readonly string[] {
  const told: string[] = []
  home.device.notice$.subscribe(sentence => told.push(sentence)).unsubscribe()
  return told.filter(sentence => / failed in | is (refused|quarantined)/.test(sentence))
}

/** Both have the same state, and what they show is what their logs say. */
async function agree(chats: ChatWorld): Promise<void> {
  const { world, alice, bob } = chats
  const hashes: string[] = []
  for (const home of [alice, bob]) {
    const { streams, differing } = await world.until(home.device.path.replay())
    expect(differing).toEqual([])
    hashes.push(streams.get(streamOf(chats)) ?? 'none')
  }
  expect(hashes[0]).toBe(hashes[1])
}

describe('two people', () => {
  test.each(seedsOf(SUITE, SEEDS))('seed %i: everything arrives once, in order, and both agree', seed =>
    keptIfRed(SUITE, seed, async () => {
      await check(await tell(seed))
    }),
  )

  test('one seed is one run', async () => {
    const traces = [await check(await tell(1)), await check(await tell(1))]
    expect(traces[0]).toBe(traces[1])
  })

  test.each<[string, Flaws]>([
    ['never syncs', { ignoresSync: true }],
    ['answers before it syncs', { answersEarly: true }],
  ])('a disk that %s is found out by most seeds', async (_what, flaws) => {
    const red: number[] = []
    for (let seed = 1; seed <= PLANTED_SEEDS; seed += 1)
      await tell(seed, flaws)
        .then(check)
        .catch(() => red.push(seed))
    expect(red.length).toBeGreaterThan(PLANTED_SEEDS / 2)
  })
})
