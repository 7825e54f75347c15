/**
 * What goes to an address that only a handshake has shown: at most three times what came from it, whoever has the
 * handshake come from there, and everything once it has shown that it is there (RFC 9000 §8).
 */
import { describe, expect, it } from 'vitest'
import {
  type Endpoint,
  endpointKey,
  sameEndpoint,
} from '../../../../src/plugins/transport-ntm/tunnel/endpoint.ts'
import { ipPacket, pair, World, type WorldNode } from './world.ts'

const VICTIM: Endpoint = { address: '10.9.9.9', port: 999 }
const LONG = 'x'.repeat(600)

const bytesTo = ({ sent }: WorldNode, place: Endpoint): number =>
  sent.filter(({ to }) => sameEndpoint(to, place)).reduce((sum, { bytes }) => sum + bytes.length, 0)

const sentBy = ({ sent }: WorldNode): number => sent.reduce((sum, { bytes }) => sum + bytes.length, 0)

/** From here on a node seems to be where the victim is, as if somebody there passed everything on. */
const pretend = (node: WorldNode): void => {
  node.endpoint = VICTIM
  node.addresses.clear()
  node.addresses.add(endpointKey(VICTIM))
}

/** Everything goes to B's place, which it has not shown, and by a relay as well. */
const besideARelay = () => {
  const world = new World()
  const { a, b, toB } = pair(world, { a: { challenged: true } })
  const relay: Endpoint = { ...b.endpoint, port: 1, via: { send: () => undefined } }
  a.tunnel.renew(toB)
  world.run(100)
  a.tunnel.setEndpoint(toB, b.endpoint, [relay], false)
  return { a, b, toB, relay }
}

describe('an address that only a handshake has shown', () => {
  it('gets at most three times what came from it, however much there is to say', () => {
    const world = new World()
    const { a, b, toA, toB } = pair(world, { a: { challenged: true }, b: { challenged: true } })
    pretend(a)
    a.tunnel.renew(toB)
    world.run(200)
    expect(b.events).toContain('established 10.9.9.9')
    for (let n = 0; n < 100; n += 1) b.tunnel.send(toA, ipPacket(LONG))
    world.run(5_000)
    expect(bytesTo(b, VICTIM)).toBeGreaterThan(0)
    expect(bytesTo(b, VICTIM)).toBeLessThanOrEqual(3 * sentBy(a))
  })

  it('is the source of an answer, too', () => {
    const world = new World()
    const { a, b, toB } = pair(world, { a: { challenged: true } })
    a.tunnel.setCandidates(toB, [b.endpoint, VICTIM])
    a.tunnel.renew(toB)
    const called = bytesTo(a, VICTIM)
    b.endpoint = VICTIM
    world.run(30)
    expect(a.events).toContain('established 10.9.9.9')
    for (let n = 0; n < 100; n += 1) a.tunnel.send(toB, ipPacket(LONG))
    world.run(5_000)
    expect(bytesTo(a, VICTIM) - called).toBeLessThanOrEqual(3 * sentBy(b))
  })

  it('gets what waited, in order, when it has shown that it is there', () => {
    const world = new World()
    const { a, b, toB } = pair(world, { a: { challenged: true } })
    for (const text of ['one', 'two', 'three']) a.tunnel.send(toB, ipPacket(text.padEnd(400, '.')))
    world.run(1_000)
    expect(a.events).toEqual(['established 10.0.0.2'])
    expect(b.delivered).toEqual([])
    a.tunnel.setEndpoint(toB, b.endpoint)
    world.run(100)
    expect(b.delivered.map(text => text.replaceAll('.', ''))).toEqual(['one', 'two', 'three'])
  })

  it('confirms the session all the same, and lets short words through', () => {
    const world = new World()
    const { a, b, toA, toB } = pair(world, { a: { challenged: true } })
    a.tunnel.send(toB, ipPacket('x'.repeat(400)))
    world.run(100)
    expect(toA.established).toBe(true)
    expect(b.delivered).toEqual([])
  })

  it('does not keep from a relay what it may not have itself', () => {
    const { a, toB, relay } = besideARelay()
    const before = a.sent.length
    a.tunnel.send(toB, ipPacket(LONG))
    expect(a.sent.slice(before).map(({ to }) => to.via)).toEqual([relay.via])
  })

  it('may be asked by one path only as long as there is something left', () => {
    const world = new World()
    const { a, b, toB } = pair(world, { a: { challenged: true } })
    a.tunnel.renew(toB)
    world.run(30)
    const asked = Array.from({ length: 10 }, () => a.tunnel.sendTo(toB, ipPacket('?'), b.endpoint))
    expect(asked.filter(Boolean).length).toBeLessThan(5)
    expect(asked[0]).toBe(true)
  })

  it('may be asked although everything goes by a relay as well', () => {
    const { a, b, toB } = besideARelay()
    for (let n = 0; n < 20; n += 1) a.tunnel.send(toB, ipPacket('?'))
    expect(a.tunnel.sendTo(toB, ipPacket('x'.repeat(40)), b.endpoint)).toBe(true)
  })

  it('is one also where an own socket leads there, and is not where a relay does', () => {
    const held = (isSocket: boolean): boolean => {
      const world = new World()
      const { a, b, toB } = pair(world, { a: { challenged: true } })
      const deliver = (bytes: Uint8Array): void => world.inject(bytes, a.endpoint, b.endpoint, 5)
      const via = { send: deliver, isSocket }
      const by: Endpoint = { ...b.endpoint, port: 1, via }
      const { tunnel } = a
      tunnel.setCandidates(toB, [by])
      const receive = (): void => {
        for (const { bytes, to } of b.sent.splice(0))
          if (to.port === a.endpoint.port) tunnel.receive(bytes, by)
      }
      a.addresses.clear()
      tunnel.renew(toB)
      world.run(20)
      receive()
      world.run(20)
      for (let n = 0; n < 10; n += 1) tunnel.send(toB, ipPacket(LONG))
      world.run(20)
      return b.delivered.length < 10
    }
    expect([held(true), held(false)]).toEqual([true, false])
  })

  it('is not called again when it may not be', () => {
    const world = new World()
    let left = 3
    const { a, toB } = pair(world, { a: { challenged: true, mayCall: () => left-- > 0 } })
    world.link = { ...world.link, lossRate: 1 }
    a.tunnel.renew(toB)
    for (let n = 0; n < 20; n += 1) a.tunnel.callAgain(toB)
    world.run(60_000)
    expect(a.sent.length).toBe(3)
  })

  it('is believed where nobody would challenge it', () => {
    const world = new World()
    const { a, b, toB } = pair(world)
    for (let n = 0; n < 20; n += 1) a.tunnel.send(toB, ipPacket(LONG))
    world.run(100)
    expect(b.delivered.length).toBe(20)
  })
})
