/** Opening tunnels in virtual time: who initiates, who answers what, and who gets silence. */

import { describe, expect, it } from 'vitest'
import type { Endpoint } from '../../../../src/plugins/transport-ntm/tunnel/endpoint.ts'
import { endpointKey } from '../../../../src/plugins/transport-ntm/tunnel/endpoint.ts'
import { ipPacket, pair, World } from './world.ts'

const typesOf = (node: { sent: readonly { bytes: Uint8Array }[] }): number[] =>
  node.sent.map(({ bytes }) => bytes[0]!)

describe('a tunnel opens', () => {
  it('with one round trip before the first packet', () => {
    const world = new World()
    const { a, b, toB } = pair(world)
    a.tunnel.send(toB, ipPacket('hello'))
    world.run(30)
    expect(b.delivered).toEqual(['hello'])
    expect(typesOf(a)).toEqual([1, 4])
    expect(typesOf(b)).toEqual([2])
    expect([...a.drops, ...b.drops]).toEqual([])
  })

  it('under a pre-shared key that both hold, and not when they differ', () => {
    const shared = new Uint8Array(32).fill(9)
    const world = new World()
    const same = pair(world, { a: { presharedKey: shared }, b: { presharedKey: shared } })
    same.a.tunnel.send(same.toB, ipPacket('psk'))
    world.run(100)
    expect(same.b.delivered).toEqual(['psk'])

    const other = new World()
    const differs = pair(other, { a: { presharedKey: shared }, b: {} })
    differs.a.tunnel.send(differs.toB, ipPacket('psk'))
    other.run(100)
    expect(differs.b.delivered).toEqual([])
    expect(differs.a.drops).toEqual(['forged'])
  })

  it('in order and whole when many packets waited for it, the oldest giving way beyond the bound', () => {
    const world = new World()
    const { a, b, toB } = pair(world, { a: { limits: { stagedPackets: 4 } } })
    for (let n = 0; n < 6; n++) a.tunnel.send(toB, ipPacket(`${n}`))
    world.run(100)
    expect(b.delivered).toEqual(['2', '3', '4', '5'])
    expect(a.tunnel.counters.dropped.stagedOverflow).toBe(2)
  })

  it('when both sides open at the same instant, and from the first rekey on only the lower key renews', () => {
    const world = new World()
    const { a, b, toA, toB } = pair(world)
    const say = (seconds: number): void => {
      for (let n = 0; n < seconds; n++) {
        a.tunnel.send(toB, ipPacket(`a ${n}`))
        b.tunnel.send(toA, ipPacket(`b ${n}`))
        world.run(1_000)
      }
    }
    say(125)
    const crossed = a.tunnel.counters.handshakesCompleted
    expect([a.delivered.length, b.delivered.length]).toEqual([125, 125])
    say(380)
    expect([a.delivered.length, b.delivered.length]).toEqual([505, 505])
    const aIsLower = Buffer.compare(a.staticKey.publicKey, b.staticKey.publicKey) < 0
    const [lower, higher] = aIsLower ? [a, b] : [b, a]
    expect(typesOf(lower).filter(type => type === 1)).toHaveLength(5)
    expect(typesOf(higher).filter(type => type === 1)).toHaveLength(2)
    expect(a.tunnel.counters.handshakesCompleted - crossed).toBe(3)
  })

  it('when both plain sides open at the same instant', () => {
    const world = new World()
    const { a, b, toA, toB } = pair(world, { a: { plain: true }, b: { plain: true } })
    a.tunnel.send(toB, ipPacket('from a'))
    b.tunnel.send(toA, ipPacket('from b'))
    world.run(1_000)
    a.tunnel.send(toB, ipPacket('again a'))
    b.tunnel.send(toA, ipPacket('again b'))
    world.run(1_000)
    expect(a.delivered).toEqual(['from b', 'again b'])
    expect(b.delivered).toEqual(['from a', 'again a'])
    expect([...a.drops, ...b.drops]).toEqual([])
  })
})

describe('a node with several addresses', () => {
  const addresses: Endpoint[] = Array.from({ length: 12 }, (_, n) => ({ address: `10.9.0.${n}`, port: 7 }))

  it('is sent the same first message on all of them and answers each with the same bytes', () => {
    const world = new World()
    const { a, b, toB } = pair(world, { a: { endpoints: addresses.slice(0, 3) } })
    for (const address of addresses) b.addresses.add(endpointKey(address))
    a.tunnel.send(toB, ipPacket('x'))
    world.run(5)
    expect(a.sent.map(({ to }) => to)).toEqual(addresses.slice(0, 3))
    expect(new Set(a.sent.map(({ bytes }) => Buffer.from(bytes).toString('hex'))).size).toBe(1)
  })

  it('sends a kept answer to eight other sources and no more', () => {
    const world = new World()
    const { a, b, toB } = pair(world)
    a.tunnel.send(toB, ipPacket('x'))
    const first = a.sent[0]!.bytes
    world.run(15)
    expect(b.sent).toHaveLength(1)
    for (const address of addresses) world.inject(first, address, b.endpoint)
    world.run(0)
    expect(b.sent.slice(1).map(({ to }) => to)).toEqual(addresses.slice(0, 8))
    expect(new Set(b.sent.map(({ bytes }) => Buffer.from(bytes).toString('hex'))).size).toBe(1)
    expect(b.drops).toHaveLength(4)
    world.run(1_000)
    expect(b.tunnel.counters.handshakesCompleted).toBe(1)
  })

  it('sends a kept answer again for five seconds, seventeen times in all', () => {
    const world = new World()
    const { a, b, toB } = pair(world)
    a.tunnel.send(toB, ipPacket('x'))
    const first = a.sent[0]!.bytes
    const tryFrom = (from: Endpoint): number => {
      const before = b.sent.length
      b.tunnel.receive(first, from)
      return b.sent.length - before
    }
    world.run(10)
    expect(tryFrom(a.endpoint)).toBe(1)
    expect(tryFrom(addresses[0]!)).toBe(1)
    expect(tryFrom(addresses[0]!)).toBe(1)
    for (let again = 3; again < 15; again++) expect(tryFrom(addresses[0]!)).toBe(1)
    world.run(4_999)
    expect(tryFrom(addresses[1]!)).toBe(1)
    expect(tryFrom(addresses[1]!)).toBe(0)
    world.run(1)
    expect(tryFrom(addresses[2]!)).toBe(0)
    expect(b.drops).toEqual(['replayedTimestamp', 'replayedTimestamp'])
  })

  it('gets an opening under way on candidates learned later, with the same message', () => {
    const world = new World()
    const { a, toB } = pair(world, { a: { endpoints: [] } })
    a.tunnel.send(toB, ipPacket('x'))
    expect(a.drops).toEqual(['noEndpoint'])
    a.tunnel.setCandidates(toB, addresses.slice(0, 1))
    a.tunnel.setCandidates(toB, addresses.slice(0, 2))
    expect(a.sent.map(({ to }) => to)).toEqual(addresses.slice(0, 2))
    expect(a.sent[0]!.bytes).toEqual(a.sent[1]!.bytes)
  })

  it('is tried one address at a time when it is a plain peer', () => {
    const world = new World()
    const { a, toB } = pair(world, { a: { plain: true, endpoints: addresses.slice(0, 2) } })
    a.tunnel.send(toB, ipPacket('x'))
    world.run(11_000)
    expect(a.sent.map(({ to }) => to)).toEqual([addresses[0], addresses[1], addresses[0]])
  })
})

describe('a first message', () => {
  it('is refused when replayed, also after a restart of the responder', () => {
    const world = new World()
    const { a, b, toB } = pair(world)
    a.tunnel.send(toB, ipPacket('x'))
    const first = a.sent[0]!.bytes
    world.run(6_000)
    world.inject(first, a.endpoint, b.endpoint)
    world.run(0)
    expect(b.drops).toEqual(['replayedTimestamp'])

    world.stop(b)
    const reborn = world.node({ name: 'b again', seed: 2, endpoint: b.endpoint, timestamps: b.timestamps })
    reborn.tunnel.addPeer({ publicKey: a.staticKey.publicKey })
    world.inject(first, a.endpoint, b.endpoint)
    world.run(0)
    expect(reborn.drops).toEqual(['replayedTimestamp'])
    expect(reborn.sent).toEqual([])
  })

  it('is accepted from a sender whose clock went back over a restart', () => {
    const world = new World()
    const { a, b, toB } = pair(world)
    a.tunnel.send(toB, ipPacket('before'))
    world.run(1_000)
    world.stop(a)
    world.wallOffset -= 86_400_000
    const reborn = world.node({ name: 'a again', seed: 1, endpoint: a.endpoint, timestamps: a.timestamps })
    const peer = reborn.tunnel.addPeer({ publicKey: b.staticKey.publicKey, endpoints: [b.endpoint] })
    reborn.tunnel.send(peer, ipPacket('after'))
    world.run(1_000)
    expect(b.delivered).toEqual(['before', 'after'])
  })

  it('from an unknown key meets silence, or the peer that admission makes of it', () => {
    const world = new World()
    const stranger = world.node({ name: 'stranger' })
    const closed = world.node({ name: 'closed' })
    const open = world.node({ name: 'open', admit: () => ({}) })
    for (const target of [closed, open]) {
      const peer = stranger.tunnel.addPeer({
        publicKey: target.staticKey.publicKey,
        endpoints: [target.endpoint],
      })
      stranger.tunnel.send(peer, ipPacket('hello'))
    }
    world.run(1_000)
    expect(closed.sent).toEqual([])
    expect(closed.drops).toEqual(['stranger'])
    expect(open.delivered).toEqual(['hello'])
    expect(open.tunnel.peer(stranger.staticKey.publicKey)?.established).toBe(true)
  })

  it('from a stranger to a server first costs it a cookie, and is admitted with it in the same attempt', () => {
    const world = new World()
    const asked: string[] = []
    const stranger = world.node({ name: 'stranger' })
    const server = world.node({
      name: 'server',
      cookieForStrangers: true,
      admit: (_key, from) => {
        asked.push(from.address)
        return {}
      },
    })
    const peer = stranger.tunnel.addPeer({
      publicKey: server.staticKey.publicKey,
      endpoints: [server.endpoint],
    })
    stranger.tunnel.send(peer, ipPacket('hello'))
    world.run(15)
    expect(asked).toEqual([])
    world.run(100)
    expect(typesOf(server)).toEqual([3, 2])
    expect(server.sent[0]!.bytes).toHaveLength(64)
    expect(asked).toEqual([stranger.endpoint.address])
    expect(server.delivered).toEqual(['hello'])
  })

  it('finds no room in a full table of peers', () => {
    const world = new World()
    const server = world.node({ name: 'server', admit: () => ({}), limits: { peers: 1 } })
    for (const name of ['first', 'second']) {
      const stranger = world.node({ name })
      const peer = stranger.tunnel.addPeer({
        publicKey: server.staticKey.publicKey,
        endpoints: [server.endpoint],
      })
      stranger.tunnel.send(peer, ipPacket(name))
    }
    world.run(1_000)
    expect(server.delivered).toEqual(['first'])
    expect(server.drops).toEqual(['tableFull'])
  })

  it('from one source in masses admits only as many strangers as its budget allows', () => {
    const world = new World()
    const server = world.node({ name: 'server', admit: () => ({}) })
    const endpoint = { address: '10.5.5.5', port: 5 }
    for (let n = 0; n < 20; n++) {
      const stranger = world.node({ name: `stranger ${n}`, seed: 100 + n, endpoint })
      const peer = stranger.tunnel.addPeer({
        publicKey: server.staticKey.publicKey,
        endpoints: [server.endpoint],
      })
      stranger.tunnel.renew(peer)
    }
    world.run(12)
    expect(server.sent).toHaveLength(5)
    expect(server.tunnel.counters.dropped.rateLimited).toBe(15)
  })
})
