/**
 * Everything that a stranger can send to a coordinator, a relay and a node, and all that was on the wire, hurt in every
 * way: nothing throws, nothing is accepted, and nobody is answered with more bytes or packets than came. With
 * ABUSE_TABLE=FILE what went in and came out, kind by kind, is written there.
 */
import { writeFileSync } from 'node:fs'
import { afterAll, describe, expect, test } from 'vitest'
import type { TunnelKey } from '../../src/events/ids.ts'
import type { Packet } from '../../src/kernel/testing/sim-segment.ts'
import { say } from '../support/ntm-world.ts'
import { debts, EVE } from './support/eve.ts'
import { forgeries } from './support/forgeries.ts'
import { Replayer } from './support/replayer.ts'
import { AT, type Attacked, attackedTown, ended, NODE_PORT, SERVER_PORT } from './support/town.ts'

const VICTIMS = { dc: 'coordinator', rs: 'relay', alice: 'node' } as const
type Victim = keyof typeof VICTIMS

const EACH = 40
/** Of IPv4 and UDP. */
const HEADERS_BYTES = 28
/**
 * Whoever takes a piece apart cannot tell a datagram with nine handshakes in it from nine datagrams: each is answered,
 * with less than half of its bytes.
 */
const ANSWERED_EACH = /^a pile of: initiation/
const PILED_MAX = 9
const rows: string[] = []

const placeOf = (who: Victim) => ({ address: AT[who], port: who === 'alice' ? NODE_PORT : SERVER_PORT })

const keyOf = (town: Attacked, who: Victim): TunnelKey =>
  (who === 'alice' ? town.alice.home : town[who]).keys.keys.tunnelKey

const kept = async ({ world, dc, rs }: Attacked) => {
  const { registered, guests, names, relays, directionsPending } = (await world.until(
    dc.call('dc.stats', {}),
  )) as Record<string, number>
  const { slots, binds, moves } = (await world.until(rs.call('relay.stats', {}))) as Record<string, number>
  return { registered, guests, names, relays, directionsPending, slots, binds, moves }
}

async function met(seed: number): Promise<Attacked> {
  const town = await attackedTown(seed)
  await say(town.world, town.alice.home, town.bob.home, 'hello')
  await town.world.run(2_000)
  return town
}

/** What this kind was owed, and one more row of the table. */
function judged(who: Victim, kind: string, { eve }: Attacked): readonly string[] {
  const account = eve.accounts.get(`${AT[who]} ${EVE.address}`)!
  const { inBytes, outBytes, inPackets, outPackets, owedBytes, owedPackets } = account
  const share = (outBytes / inBytes).toFixed(2)
  rows.push(
    `| ${VICTIMS[who]} | ${kind} | ${inPackets} | ${inBytes} | ${outPackets} | ${outBytes} | ${share} |`,
  )
  const onWire = (bytes: number, packets: number): number => bytes + HEADERS_BYTES * packets
  const packetsMax = ANSWERED_EACH.test(kind) ? (PILED_MAX - 1) * inPackets : 0
  const isFair = owedBytes === 0 && owedPackets <= packetsMax
  const isFairOnWire = onWire(outBytes, outPackets) <= onWire(inBytes, inPackets)
  return isFair && isFairOnWire ? [] : [`${kind}: ${JSON.stringify(account)}`]
}

describe.each(Object.keys(VICTIMS) as Victim[])('to strangers, %s', who => {
  test('gives no more than it gets, whatever they forge', async () => {
    const town = await met(1)
    const { world, eve } = town
    const before = await kept(town)
    const forged = { random: world.random, wallMs: () => world.clock.now(), victim: keyOf(town, who) }
    const all = forgeries(forged)
    const owed: string[] = []
    for (const { kind, make } of all) {
      // Each kind finds full budgets.
      await world.run(5_000)
      eve.forget()
      for (let sent = 0; sent < EACH; sent += 1) {
        eve.send(make(), placeOf(who))
        await world.run(5)
      }
      await world.run(1_000)
      owed.push(...judged(who, kind, town))
    }
    expect(owed).toEqual([])
    expect(await kept(town)).toEqual(before)
    await say(world, town.alice.home, town.bob.home, 'still here')
    await ended(town)
  })
})

/** One of each kind: who to, what it begins with, how long it is about. */
const samplesOf = (wire: readonly Packet[]): readonly Packet[] => {
  const kinds = new Map<string, Packet>()
  for (const packet of wire) {
    const { to, bytes } = packet
    const kind = `${to.address} ${bytes[0]} ${bytes[0] === 0x66 ? bytes[12] : ''} ${bytes.length >> 8}`
    if (!kinds.has(kind)) kinds.set(kind, packet)
  }
  return [...kinds.values()]
}

const flipped = (bytes: Uint8Array, at: number, bit: number): Uint8Array => {
  const hurt = new Uint8Array(bytes)
  hurt[at]! ^= 1 << bit
  return hurt
}

test.each([2, 3])('what was on the wire, cut and with bits turned, does nothing (seed %i)', async seed => {
  const town = await met(seed)
  const { world, eve, wire } = town
  await world.run(15_000)
  const before = await kept(town)
  const replayer = new Replayer(town)
  const hurt = samplesOf(wire).flatMap(packet => {
    const { bytes } = packet
    const cuts = [1, 2, 3, 4, 8, 12, 16, 31, 32, bytes.length >> 1, bytes.length - 16, bytes.length - 1]
    const random = () => flipped(bytes, world.random.between(0, bytes.length - 1), world.random.between(0, 7))
    const variants = [
      ...cuts.filter(cut => cut > 0 && cut < bytes.length).map(cut => bytes.subarray(0, cut)),
      ...Array.from({ length: 16 }, random),
      ...[0, 1, 2, 3, 4, 11, 12].filter(at => at < bytes.length).map(at => flipped(bytes, at, at % 8)),
      Buffer.concat([bytes, bytes]),
      Buffer.concat([bytes, world.random.bytes(5)]),
    ]
    return variants.map(variant => ({ ...packet, bytes: variant }))
  })
  await replayer.play(hurt, () => EVE)
  await replayer.play(hurt, ({ from }) => from)
  expect(debts(eve)).toEqual([])
  expect(await kept(town)).toEqual(before)
  const sent = eve.came()
  await say(world, town.alice.home, town.bob.home, 'still here')
  await world.run(3_000)
  expect(eve.came()).toEqual(sent)
  await ended(town)
})

afterAll(() => {
  const file = process.env.ABUSE_TABLE
  if (file !== undefined) writeFileSync(file, `${rows.join('\n')}\n`)
})
