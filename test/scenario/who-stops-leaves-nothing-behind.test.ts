/**
 * Alice's node is stopped in the middle of something. When it says that it has stopped, no timer of it is armed and
 * nothing that it opened is open, and nothing comes back later. Counted before the house takes anything away.
 */
import { describe, expect, test } from 'vitest'
import type { Network } from '../../src/kernel/api/index.ts'
import { NODE_PLUGINS } from '../../src/plugins/first-party.ts'
import { Leftovers } from '../support/leftovers.ts'
import { type Household, type NeighbourhoodSpec, neighbourhood } from '../support/neighbourhood.ts'
import { say, transportOf } from '../support/ntm-world.ts'

const COUNTED = ['ntm.relay', 'ntm.transport']
/** A system takes a moment to open a socket, a router to answer. */
const OPENS_IN_MS = 3
const ROUTER_TAKES_MS = 40
/** Longer than anything waits that is not asked for again. */
const LATER_MS = 120_000
const PLACE = { address: '198.51.100.250', port: 4500 }

async function alicesNode(spec: Partial<NeighbourhoodSpec> = {}, config: object = {}) {
  const hood = await neighbourhood({
    ...{ seed: 1, alice: { nat: 'home' }, bob: { nat: 'home' }, relayLatenciesMs: [10] },
    ...spec,
  })
  const { world, alice } = hood
  const left = new Leftovers()
  let whenStopped: readonly string[] | undefined
  const within = <T>(ms: number, make: () => T): Promise<T> =>
    new Promise(resolve => world.clock.after(ms, () => resolve(make())))
  const around = (network: Network): Network => ({
    ...network,
    udp: (...asked) => within(OPENS_IN_MS, () => network.udp(...asked)).then(opened => opened),
    mapPort: (_port, changed) => {
      world.clock.after(ROUTER_TAKES_MS, () => changed({ kind: 'pcp', endpoint: PLACE }))
      return () => within(ROUTER_TAKES_MS, () => undefined)
    },
  })
  const plugins = NODE_PLUGINS.map(plugin => {
    if (!COUNTED.includes(plugin.manifest.id)) return plugin
    const isLast = plugin.manifest.id === 'ntm.transport'
    return left.counting(plugin, around, isLast ? () => (whenStopped = left.list) : undefined)
  })
  await world.until(alice.home.stop())
  Object.assign(alice.home.spec, { plugins })
  const settings = { dc: [hood.town.join], ...config }
  Object.assign(alice.home.spec, { config: { plugins: { 'ntm.transport': { config: settings } } } })
  await world.restart(alice.home)
  /** Stops her; what was left then, and what is there long after. */
  const stop = async () => {
    await world.until(alice.home.stop())
    const atOnce = whenStopped
    await world.run(LATER_MS)
    return { atOnce, later: left.list }
  }
  return { ...hood, left, stop }
}

type Scene = Awaited<ReturnType<typeof alicesNode>>

const NOTHING = { atOnce: [], later: [] }

/** Calls somebody and does not wait. */
const call = ({ home }: Household, name: string): void =>
  void home.call('send', { to: name, text: 'hello', wait: 'sent', timeoutMs: 60_000 }).catch(() => undefined)

const VERDICT = 'timer of Detours.#suspect'
const HARD = { nat: 'symmetric' } as const
const sockets = ({ left }: Scene): number => left.count('socket')

/** Alice and Bob have come as far as `isSo`. */
async function until(scene: Scene, isSo: () => boolean): Promise<void> {
  while (!isSo())
    if (!(await scene.world.step(scene.world.clock.monotonicMs() + 60_000))) throw new Error(`never: ${isSo}`)
}

describe('stopped', () => {
  test('while she is registering', async () => {
    const scene = await alicesNode()
    expect(scene.left.list).not.toEqual([])
    expect(await scene.stop()).toEqual(NOTHING)
  })

  test('while the router is asked for a way in, and after it has given one', async () => {
    for (const afterMs of [0, 200]) {
      const scene = await alicesNode()
      await scene.world.run(afterMs)
      expect(scene.left.count('mapping')).toBe(1)
      expect(await scene.stop()).toEqual(NOTHING)
    }
  })

  test.each([
    ['while she opens a few sockets to see where they come out', 3],
    ['while those are looked at', 10],
    ['while she opens many', 100],
    ['when all are open', 258],
  ])('%s', async (_what, count) => {
    const scene = await alicesNode({ alice: HARD, bob: { nat: 'home', latencyMs: 200 } })
    call(scene.alice, 'bob.example')
    await until(scene, () => sockets(scene) >= count)
    expect(await scene.stop()).toEqual(NOTHING)
  })

  test('right after one of many sockets has found him', async () => {
    const scene = await alicesNode({ alice: HARD })
    call(scene.alice, 'bob.example')
    await until(scene, () => transportOf(scene.alice.home).links()[0]?.path === 'direct')
    await scene.world.run(20)
    expect(sockets(scene)).toBeGreaterThan(200)
    expect(await scene.stop()).toEqual(NOTHING)
  })

  test('while she guesses where his many sockets come out', async () => {
    const scene = await alicesNode({ bob: HARD })
    call(scene.alice, 'bob.example')
    await until(scene, () => scene.left.count('timer of tick') > 0)
    expect(await scene.stop()).toEqual(NOTHING)
  })

  test('while she looks for somebody who is away, pings somebody, and is examined', async () => {
    const scene = await alicesNode()
    const { world, alice, bob } = scene
    await say(world, alice.home, bob.home, 'hello')
    world.crash(bob.home)
    await world.run(20_000)
    call(alice, 'bob.example')
    call(alice, 'nobody.example')
    const { device } = bob.home.keys.keys
    const ping = transportOf(alice.home).ping(device, 30_000)
    const doctor = alice.home.call('doctor', { timeoutMs: 30_000 }).catch(() => undefined)
    await world.run(300)
    expect(await scene.stop()).toEqual(NOTHING)
    expect(await Promise.all([ping, doctor])).toHaveLength(2)
  })

  test.each([0, 100, 399])('%i ms after a coordinator sent somebody to her', async afterMs => {
    const scene = await alicesNode()
    const { world, bob } = scene
    await world.run(2_000)
    call(bob, 'alice.example')
    await world.run(150 + afterMs)
    expect(await scene.stop()).toEqual(NOTHING)
  })

  test.each([
    ['is being opened', ['connection']],
    ['is open, and it is not known yet whether UDP is blocked', [VERDICT]],
    ['is not needed any more, and lingers', [VERDICT, 'timer of Detours.#retire']],
  ])('while a detour %s', async (_what, there) => {
    const scene = await alicesNode()
    const { world, alice, left } = scene
    await world.run(5_000)
    alice.line.block()
    call(alice, 'bob.example')
    for (const each of there) {
      await until(scene, () => left.count(each) > 0)
      if (each === VERDICT) alice.line.block(there.length === 1)
    }
    await world.run(10)
    expect(await scene.stop()).toEqual(NOTHING)
  })

  test('at any moment of a talk', async () => {
    for (const seed of [1, 2, 3, 4, 5, 6]) {
      const scene = await alicesNode({ seed, alice: seed % 2 === 0 ? HARD : { nat: 'home' } })
      call(scene.alice, 'bob.example')
      call(scene.bob, 'alice.example')
      await scene.world.run(scene.world.random.next() * 8_000)
      expect(await scene.stop()).toEqual(NOTHING)
    }
  })
})
