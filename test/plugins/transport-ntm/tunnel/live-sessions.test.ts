/**
 * Sessions that nobody can use any more are gone: after many rekeys that crossed, a tunnel answers to the few
 * indices that its slots hold, and after the peer's removal to none. An index is looked for as the network would:
 * what names a dead one is dropped as unknown, what names a live one as forged.
 */
import { describe, expect, it } from 'vitest'
import { RETIRED_SESSIONS } from '../../../../src/plugins/transport-ntm/tunnel/constants.ts'
import { ipPacket, type Link, pair, World, type WorldNode } from './world.ts'

/** The previous, the current and the next. */
const SLOTS = 3
const SMALLEST_DATA_BYTES = 32

/** Every index that the node has told its peer, in initiations and responses. */
const indicesOf = (node: WorldNode): readonly number[] =>
  node.sent
    .filter(({ bytes }) => bytes[0] === 1 || bytes[0] === 2)
    .map(({ bytes }) => Buffer.from(bytes).readUInt32LE(4))

/** Those of them that still lead to a session. */
function liveIndicesOf(node: WorldNode, from: WorldNode): readonly number[] {
  const forged = Buffer.alloc(SMALLEST_DATA_BYTES)
  forged[0] = 4
  return [...new Set(indicesOf(node))].filter(index => {
    forged.writeUInt32LE(index, 4)
    const before = node.tunnel.counters.dropped.unknownIndex
    node.tunnel.receive(forged, from.endpoint)
    return node.tunnel.counters.dropped.unknownIndex === before
  })
}

const LINKS: readonly (readonly [string, Link])[] = [
  ['a quick link', { lossRate: 0, doubleRate: 0, latencyMs: [10, 10] }],
  ['a slow link', { lossRate: 0, doubleRate: 0, latencyMs: [20, 2_000], sparesData: true }],
  ['a bad link', { lossRate: 0.3, doubleRate: 0.3, latencyMs: [20, 2_000], sparesData: true }],
]

describe.each(LINKS)('over %s', (_, link) => {
  it.each([1, 2, 3, 4])('rekeys that cross leave no session behind (seed %i)', seed => {
    const world = new World(seed)
    const { a, b, toA, toB } = pair(world, { a: { plain: true }, b: { plain: true } })
    world.link = link
    for (let second = 0; second < 1_500; second += 1) {
      a.tunnel.send(toB, ipPacket(`${second}`))
      b.tunnel.send(toA, ipPacket(`${second}`))
      world.run(1_000)
    }
    expect(indicesOf(a).length).toBeGreaterThan(SLOTS + RETIRED_SESSIONS)
    for (const [node, other] of [
      [a, b],
      [b, a],
    ] as const) {
      const live = liveIndicesOf(node, other)
      expect(live.length).toBeGreaterThan(0)
      expect(live.length).toBeLessThanOrEqual(SLOTS + RETIRED_SESSIONS)
      node.tunnel.removePeer(other.staticKey.publicKey)
      expect(liveIndicesOf(node, other)).toEqual([])
    }
  })
})
