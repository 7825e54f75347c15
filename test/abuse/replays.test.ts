/**
 * All that was on the wire while two people registered, met and talked is played again: from other addresses, from the
 * very addresses that it came from, in order, backwards and shuffled, at once, later, and after each of them in turn
 * has lost its memory. None of it is accepted, and nobody answers with more than what came.
 */
import { describe, expect, test } from 'vitest'
import type { SimHome } from '../../src/kernel/testing/sim-home.ts'
import type { Packet } from '../../src/kernel/testing/sim-segment.ts'
import { say, textsOf, transportOf } from '../support/ntm-world.ts'
import { debts, EVE } from './support/eve.ts'
import { Replayer } from './support/replayer.ts'
import { type Attacked, attackedTown, ended, heedFailures } from './support/town.ts'

type Way = 'direct' | 'relay'

/** Between two sessions of a tunnel, so that no handshake is due by itself. */
const LATER_MS = 45_000
const SETTLED_MS = 8_000

async function talked(seed: number, way: Way): Promise<Attacked> {
  const town = await attackedTown(seed)
  const { world, alice, bob } = town
  if (way === 'relay') world.network.cut(alice.home.host, bob.home.host, 'both')
  for (const text of ['one', 'two', 'three']) {
    await say(world, alice.home, bob.home, `${text}, says Alice`)
    await say(world, bob.home, alice.home, `${text}, says Bob`)
  }
  await world.run(2_000)
  expect(transportOf(alice.home).links()[0]).toMatchObject({ path: way })
  return town
}

const shuffled = ({ world }: Attacked, packets: readonly Packet[]): readonly Packet[] => {
  const order = [...packets]
  for (let at = order.length - 1; at > 0; at -= 1) {
    const other = world.random.between(0, at)
    ;[order[at], order[other]] = [order[other]!, order[at]!]
  }
  return order
}

/** From her own address, from ever new ones, and from where each came from. */
async function playAll(town: Attacked, replayer: Replayer, packets: readonly Packet[]): Promise<void> {
  await replayer.play(packets, () => EVE)
  await replayer.play([...packets].reverse(), (_, at) => ({
    address: `192.0.2.${1 + (at % 60)}`,
    port: 1 + at,
  }))
  await replayer.play(shuffled(town, packets), ({ from }) => from)
}

/** What a replay must not change. */
const standing = async ({ world, dc, rs, alice, bob }: Attacked) => {
  const { registered, guests, names, directionsPending } = (await world.until(
    dc.call('dc.stats', {}),
  )) as Record<string, number>
  const { slots, pairs, moves, binds } = (await world.until(rs.call('relay.stats', {}))) as Record<
    string,
    number
  >
  const linkOf = (home: SimHome) => {
    const [link] = transportOf(home).links()
    return { up: link?.up, path: link?.path, address: link?.address }
  }
  const links = [linkOf(alice.home), linkOf(bob.home)]
  return { registered, guests, names, directionsPending, slots, pairs, moves, binds, links }
}

/** They go on talking as if nothing had been, each text is there once, and nothing goes to Eve any more. */
async function undisturbed(town: Attacked, texts: readonly string[]): Promise<readonly string[]> {
  const { world, alice, bob, eve } = town
  const before = eve.came()
  const said = [`${texts.length} texts so far`, `and ${texts.length + 1}`]
  await say(world, alice.home, bob.home, said[0]!)
  await say(world, bob.home, alice.home, said[1]!)
  await world.run(SETTLED_MS)
  expect(eve.came()).toEqual(before)
  const all = [...texts, ...said]
  expect(await textsOf(world, alice.home, 'bob.example')).toEqual(all)
  expect(await textsOf(world, bob.home, 'alice.example')).toEqual(all)
  return all
}

const TEXTS = ['one', 'two', 'three'].flatMap(text => [`${text}, says Alice`, `${text}, says Bob`])

describe.each(['direct', 'relay'] as const)('what two people said %s, played again', way => {
  test.each([1, 2])('at once and later, is accepted by nobody (seed %i)', async seed => {
    const town = await talked(seed, way)
    const { world, eve, wire } = town
    const replayer = new Replayer(town)
    let texts: readonly string[] = TEXTS
    for (const waitMs of [0, LATER_MS]) {
      await world.run(waitMs)
      const packets = [...wire]
      const before = await standing(town)
      eve.responses = 0
      await playAll(town, replayer, packets)
      // For five seconds the same message is given the same answer, which opens nothing to her.
      if (waitMs > 0) expect(eve.responses).toBe(0)
      expect(replayer.fresh(wire.slice(packets.length))).toBe(0)
      expect(await standing(town)).toEqual(before)
      texts = await undisturbed(town, texts)
      expect(await standing(town)).toEqual(before)
    }
    expect(debts(eve)).toEqual([])
    await ended(town)
  })

  test.each(['alice', 'bob', 'dc', 'rs'] as const)(
    'after %s has started anew, is accepted by nobody',
    async who => {
      const town = await talked(3, way)
      const { world, eve, wire } = town
      const packets = [...wire]
      const replayer = new Replayer(town)
      const home = who === 'alice' || who === 'bob' ? town[who].home : town[who]
      const { registered, guests, names } = await standing(town)
      await world.run(6_000)
      world.crash(home)
      await world.restart(home)
      heedFailures(town, home)
      // Before it has heard from anybody, and again when all have found each other.
      await playAll(town, replayer, packets)
      if (who === 'dc') expect(replayer.cookiesUsed).toBeGreaterThan(0)
      await world.run(30_000)
      const texts = await undisturbed(town, TEXTS)
      const after = await standing(town)
      expect(after).toMatchObject({ registered, guests, names })
      await playAll(town, replayer, packets)
      expect(await standing(town)).toEqual(after)
      await undisturbed(town, texts)
      expect(eve.responses).toBe(0)
      expect(debts(eve)).toEqual([])
      await ended(town)
    },
  )
})
