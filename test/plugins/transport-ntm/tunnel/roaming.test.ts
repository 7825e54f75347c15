/** Where packets go when a peer turns up at another address. */

import { describe, expect, it } from 'vitest'
import { endpointKey } from '../../../../src/plugins/transport-ntm/tunnel/endpoint.ts'
import { ipPacket, pair, World, type WorldNode } from './world.ts'

const ELSEWHERE = { address: '10.7.7.7', port: 777 }

function moveTo(node: WorldNode, endpoint: typeof ELSEWHERE): void {
  node.endpoint = endpoint
  node.addresses.clear()
  node.addresses.add(endpointKey(endpoint))
}

describe('a peer that moves', () => {
  it('is followed at its next packet when it is plain', () => {
    const world = new World()
    const { a, b, toA, toB } = pair(world, { b: { plain: true } })
    a.tunnel.send(toB, ipPacket('x'))
    world.run(1_000)
    moveTo(a, ELSEWHERE)
    a.tunnel.send(toB, ipPacket('moved'))
    world.run(20)
    b.tunnel.send(toA, ipPacket('found you'))
    world.run(20)
    expect(toA.endpoint).toEqual(ELSEWHERE)
    expect(a.delivered).toEqual(['found you'])
  })

  it('is only a candidate when it is a node, until the path layer says otherwise', () => {
    const world = new World()
    const { a, b, toA, toB } = pair(world)
    a.tunnel.send(toB, ipPacket('x'))
    world.run(1_000)
    const home = a.endpoint
    moveTo(a, ELSEWHERE)
    a.tunnel.send(toB, ipPacket('moved'))
    world.run(20)
    expect(b.delivered).toEqual(['x', 'moved'])
    expect(b.events).toContain('newSource 10.7.7.7')
    expect(toA.endpoint).toEqual(home)
    b.tunnel.setEndpoint(toA, ELSEWHERE)
    b.tunnel.send(toA, ipPacket('found you'))
    world.run(20)
    expect(a.delivered).toEqual(['found you'])
  })

  it('is not believed to have moved by an older packet that a third party sends on', () => {
    const world = new World()
    const { a, b, toA, toB } = pair(world, { b: { plain: true } })
    a.tunnel.send(toB, ipPacket('x'))
    world.run(1_000)
    world.link = { ...world.link, lossRate: 1 }
    a.tunnel.send(toB, ipPacket('held back'))
    const held = a.sent.at(-1)!.bytes
    world.link = { ...world.link, lossRate: 0 }
    a.tunnel.send(toB, ipPacket('newer'))
    world.run(1_000)
    world.inject(held, ELSEWHERE, b.endpoint)
    world.run(0)
    expect(b.delivered).toEqual(['x', 'newer', 'held back'])
    expect(toA.endpoint).toEqual(a.endpoint)
  })

  it('is asked under its new keys when it has started anew', () => {
    const world = new World()
    const { a, b, toB } = pair(world, { a: { seed: 1 }, b: { asks: true } })
    a.tunnel.send(toB, ipPacket('x'))
    world.run(1_000)
    world.stop(a)
    const again = world.node({ name: 'a', seed: 1, endpoint: ELSEWHERE, timestamps: a.timestamps })
    const options = { publicKey: b.staticKey.publicKey, endpoints: [b.endpoint] }
    again.tunnel.send(again.tunnel.addPeer(options), ipPacket('back'))
    world.run(100)
    expect(b.delivered).toEqual(['x', 'back'])
    expect(again.delivered).toEqual(['who is there?'])
  })

  it('is answered where its handshake came from once the old session is past use', () => {
    const world = new World()
    const { a, b, toA, toB } = pair(world)
    a.tunnel.send(toB, ipPacket('x'))
    world.run(200_000)
    moveTo(a, ELSEWHERE)
    a.tunnel.send(toB, ipPacket('y'))
    world.run(100)
    b.tunnel.send(toA, ipPacket('z'))
    world.run(100)
    expect(toA.endpoint).toEqual(ELSEWHERE)
    expect(a.delivered).toEqual(['z'])
  })
})

describe('removal', () => {
  it('of a peer ends its sessions, its opening and its timers', () => {
    const world = new World()
    const { a, b, toB } = pair(world)
    a.tunnel.send(toB, ipPacket('x'))
    world.run(1_000)
    a.tunnel.removePeer(b.staticKey.publicKey)
    const sent = a.sent.length
    a.tunnel.send(toB, ipPacket('y'))
    world.run(300_000)
    expect(a.sent.length).toBe(sent)
    expect(a.tunnel.nextWakeAt()).toBeUndefined()
    expect(a.tunnel.peer(b.staticKey.publicKey)).toBeUndefined()
  })

  it('of a peer whose openings and rekeys crossed ours leaves none of its sessions behind', () => {
    const world = new World()
    const { a, b, toA, toB } = pair(world, { a: { plain: true }, b: { plain: true } })
    for (let second = 0; second < 122; second++) {
      a.tunnel.send(toB, ipPacket(`${second}`))
      b.tunnel.send(toA, ipPacket(`${second}`))
      world.run(1_000)
    }
    expect(a.tunnel.counters.handshakesCompleted).toBe(2)
    a.tunnel.removePeer(b.staticKey.publicKey)
    const data = b.sent.filter(({ bytes }) => bytes[0] === 4)
    for (const { bytes } of data) a.tunnel.receive(bytes, b.endpoint)
    expect(a.tunnel.counters.dropped).toMatchObject({ unknownIndex: data.length, replayed: 0 })
  })

  it('of everything leaves a device that is deaf and has nothing to do', () => {
    const world = new World()
    const { a, b, toA, toB } = pair(world)
    a.tunnel.send(toB, ipPacket('x'))
    world.run(1_000)
    a.tunnel.close()
    b.tunnel.send(toA, ipPacket('y'))
    world.run(1_000)
    expect(a.drops).toEqual(['unknownIndex'])
    expect(a.tunnel.nextWakeAt()).toBeUndefined()
  })
})
