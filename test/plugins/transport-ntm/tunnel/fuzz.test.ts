/** Bytes from strangers: never a throw, never a delivery, never more bytes back than came. */

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { mac1Key, stampMacs } from '../../../../src/plugins/transport-ntm/tunnel/mac.ts'
import { fuzzRuns } from '../../../support/fuzz.ts'
import { mutated } from '../../../support/mutations.ts'
import { ipPacket, pair, World, type WorldNode } from './world.ts'

const STRANGER = { address: '203.0.113.9', port: 9 }

/** A target in the middle of everything: one session open, one opening of its own, one peer in waiting. */
function scene(loaded: boolean): { world: World; target: WorldNode; valid: Uint8Array[] } {
  const world = new World(7)
  const limits = { handshakesPerSecond: loaded ? 0 : 1e9 }
  const { a, b, toA, toB } = pair(world, { b: { limits, admit: () => ({}) } })
  a.tunnel.send(toB, ipPacket('x'))
  world.run(1_000)
  const other = world.node({ name: 'other', limits: { handshakesPerSecond: 0 } })
  const toOther = b.tunnel.addPeer({ publicKey: other.staticKey.publicKey, endpoints: [other.endpoint] })
  other.tunnel.addPeer({ publicKey: b.staticKey.publicKey })
  b.tunnel.send(toOther, ipPacket('y'))
  world.run(15)
  world.stop(other)
  world.stop(a)
  a.tunnel.send(toB, ipPacket('never delivered otherwise'))
  b.tunnel.send(toA, ipPacket('z'))
  const valid = [...a.sent.slice(-1), ...a.sent, ...b.sent, ...other.sent].map(({ bytes }) => bytes)
  return { world, target: b, valid }
}

/** What the target sends to one datagram from a stranger's address. */
function provoke(target: WorldNode, bytes: Uint8Array): number {
  const before = target.sent.length
  target.tunnel.receive(bytes, STRANGER)
  return target.sent.slice(before).reduce((sum, { bytes: sent }) => sum + sent.length, 0)
}

describe.each([false, true])('a device (under load: %s)', loaded => {
  it('drops random bytes and counts them', () => {
    const { target } = scene(loaded)
    const random = fc.uint8Array({ maxLength: 300 })
    const headed = fc
      .tuple(fc.constantFrom(1, 2, 3, 4), fc.constantFrom(32, 64, 92, 148, 200), random)
      .map(([type, length, bytes]) => {
        const message = new Uint8Array(length)
        message.set(bytes.subarray(0, length))
        message.set([type, 0, 0, 0])
        return message
      })
    const heard = target.delivered.length
    fc.assert(
      fc.property(fc.oneof(random, headed), bytes => {
        const drops = target.drops.length
        expect(provoke(target, bytes)).toBe(0)
        expect(target.drops.length).toBe(drops + 1)
        expect(target.delivered.length).toBe(heard)
      }),
      { numRuns: fuzzRuns(2_000) },
    )
  })

  it('is not moved by valid messages with a few bytes changed', () => {
    const { target, valid } = scene(loaded)
    const originals = new Set(valid.map(bytes => Buffer.from(bytes).toString('hex')))
    const heard = target.delivered.length
    fc.assert(
      fc.property(mutated(valid), bytes => {
        fc.pre(!originals.has(Buffer.from(bytes).toString('hex')))
        expect(provoke(target, bytes)).toBeLessThanOrEqual(bytes.length)
        expect(target.delivered.length).toBe(heard)
      }),
      { numRuns: fuzzRuns(2_000) },
    )
  })

  it('is not moved by mutations whose first mac was made to fit', () => {
    const { target, valid } = scene(loaded)
    const key = mac1Key(target.staticKey.publicKey)
    const handshakes = valid.filter(bytes => bytes[0] === 1 || bytes[0] === 2)
    const heard = target.delivered.length
    const completed = target.tunnel.counters.handshakesCompleted
    fc.assert(
      fc.property(mutated(handshakes), bytes => {
        fc.pre(bytes.length > 32)
        stampMacs(bytes, key, undefined)
        expect(provoke(target, bytes)).toBeLessThanOrEqual(bytes.length)
        expect(target.delivered.length).toBe(heard)
        expect(target.tunnel.counters.handshakesCompleted).toBe(completed)
      }),
      { numRuns: fuzzRuns(1_000) },
    )
  })
})

describe('an authentic peer', () => {
  it.each([
    ['IPv4 as long as it says', [0x45, 0, 0, 20], 20, 20],
    ['IPv4 with padding of its own', [0x45, 0, 0, 22], 60, 22],
    ['IPv4 shorter than it says', [0x45, 0, 0, 100], 60, undefined],
    ['IPv4 shorter than its header', [0x45, 0, 0, 19], 60, undefined],
    ['IPv6 as long as it says', [0x60, 0, 0, 0, 0, 8], 48, 48],
    ['IPv6 shorter than it says', [0x60, 0, 0, 0, 0, 9], 48, undefined],
    ['half an IPv6 header', [0x60, 0, 0, 0, 0, 0], 32, undefined],
    ['something else', [0x55, 0, 0, 20], 20, undefined],
  ])('is heard with %s', (_what, head, length, heard) => {
    const world = new World()
    const { a, b, toB } = pair(world)
    const packet = new Uint8Array(length)
    packet.set(head)
    a.tunnel.send(toB, packet)
    world.run(100)
    expect(b.lengths).toEqual(heard === undefined ? [] : [heard])
    expect(b.drops).toEqual(heard === undefined ? ['notIp'] : [])
  })

  it('cannot make the device deliver what is no IP packet or claims more than it holds', () => {
    const world = new World()
    const { a, b, toB } = pair(world)
    a.tunnel.send(toB, ipPacket('x'))
    world.run(100)
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 100 }), packet => {
        const before = b.delivered.length
        a.tunnel.send(toB, packet)
        world.run(20)
        if (b.delivered.length === before) return
        expect([4, 6]).toContain(packet[0]! >> 4)
      }),
      { numRuns: fuzzRuns(500) },
    )
    expect(b.tunnel.counters.dropped.notIp).toBeGreaterThan(0)
  })
})
