/** A device that nobody may find: what goes to its peers, and what it hears, goes by relays or not at all. */

import { describe, expect, it } from 'vitest'
import type { Endpoint } from '../../../../src/plugins/transport-ntm/tunnel/endpoint.ts'
import { ipPacket, pair, World, type WorldNode } from './world.ts'

const HIDDEN = { a: { isHidden: true } }
const ELSEWHERE = { address: '10.7.7.7', port: 777 }
/** The type of a first message. */
const FIRST = 1

/** A relay that hands everything to the other side at once. */
function relayBetween(a: WorldNode, b: WorldNode): { readonly toB: Endpoint; readonly toA: Endpoint } {
  const towards = (target: WorldNode, back: () => Endpoint): Endpoint => ({
    address: '10.9.9.9',
    port: 4_500,
    via: { send: bytes => target.tunnel.receive(bytes.slice(), back()) },
  })
  const toB: Endpoint = towards(b, () => toA)
  const toA: Endpoint = towards(a, () => toB)
  return { toB, toA }
}

/** The two have a session by a relay, and b knows where a is. */
function metByRelay() {
  const world = new World()
  const people = pair(world, HIDDEN)
  const { a, b, toB, toA } = people
  const relay = relayBetween(a, b)
  a.tunnel.setCandidates(toB, [relay.toB])
  b.tunnel.setCandidates(toA, [relay.toA])
  a.tunnel.send(toB, ipPacket('by the relay'))
  world.run(1_000)
  expect(b.delivered).toEqual(['by the relay'])
  a.sent.length = b.sent.length = 0
  return { world, ...people, relay }
}

const directly = ({ sent }: WorldNode) => sent.filter(({ to }) => to.via === undefined)

describe('a hidden device', () => {
  it('calls nobody directly, wherever it is told that somebody is', () => {
    const world = new World()
    const { a, b, toB } = pair(world, HIDDEN)
    a.tunnel.send(toB, ipPacket('x'))
    a.tunnel.setCandidates(toB, [b.endpoint, ELSEWHERE])
    a.tunnel.setEndpoint(toB, b.endpoint, [ELSEWHERE])
    a.tunnel.callAgain(toB)
    world.run(10_000)
    expect(directly(a)).toEqual([])
  })

  it('does not answer who calls it directly, and knows nothing of it afterwards', () => {
    const world = new World()
    const { a, b, toA } = pair(world, HIDDEN)
    b.tunnel.renew(toA)
    world.run(1_000)
    expect(directly(a)).toEqual([])
    expect(a.drops).toEqual(['hidden'])
    const relay = relayBetween(a, b)
    a.tunnel.receive(b.sent[0]!.bytes, relay.toB)
    expect(a.sent.map(({ to }) => to)).toEqual([relay.toB])
  })

  it('does not give an answer again that it gave by a relay', () => {
    const { world, a, b, toA, relay } = metByRelay()
    world.run(6_000)
    b.tunnel.renew(toA)
    world.run(10)
    const first = b.sent.find(({ bytes }) => bytes[0] === FIRST)!.bytes
    a.tunnel.receive(first, relay.toB)
    expect(a.sent.length).toBeGreaterThan(0)
    world.inject(first, b.endpoint, a.endpoint)
    world.run(10)
    expect(directly(a)).toEqual([])
    expect(a.drops).toContain('hidden')
  })

  it('hears no packet of a session that comes directly, for an answer by the relay would tell', () => {
    const { world, a, b, toA } = metByRelay()
    b.tunnel.sendTo(toA, ipPacket('are you here?'), a.endpoint)
    world.run(1_000)
    expect(a.delivered).toEqual([])
    expect(a.events.filter(event => event.startsWith('newSource'))).toEqual([])
    expect(a.sent).toEqual([])
  })

  it('sends no packet of a session directly', () => {
    const { world, a, b, toB } = metByRelay()
    a.tunnel.sendTo(toB, ipPacket('a challenge'), b.endpoint)
    a.tunnel.setEndpoint(toB, b.endpoint, [ELSEWHERE])
    a.tunnel.send(toB, ipPacket('a text'))
    world.run(300_000)
    expect(directly(a)).toEqual([])
  })

  it('asks nobody for a cookie, under any load', () => {
    const world = new World()
    const { a, b, toA } = pair(world, { a: { isHidden: true, limits: { handshakesPerSecond: 0 } } })
    b.tunnel.renew(toA)
    world.run(1_000)
    expect(directly(a)).toEqual([])
    expect(a.drops).toEqual(['hidden'])
  })

  it('speaks directly with whom it trusts with that, either way', () => {
    const world = new World()
    const { a, b, toA } = pair(world, { a: { isHidden: true, mayKnowPlace: true } })
    b.tunnel.send(toA, ipPacket('registered?'))
    world.run(1_000)
    expect(a.delivered).toEqual(['registered?'])
    expect(b.events).toContain('established 10.0.0.1')
  })
})
