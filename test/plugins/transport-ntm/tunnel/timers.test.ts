/** The clockwork of a session in virtual time, each rule by itself. */

import { describe, expect, it } from 'vitest'
import { SERVER_LIMITS } from '../../../../src/plugins/transport-ntm/tunnel/constants.ts'
import { ipPacket, pair, World, type WorldNode } from './world.ts'

const KEEPALIVE_BYTES = 32
const BLACK_HOLE = { lossRate: 1, doubleRate: 0, latencyMs: [10, 10] } as const
const NO_HANDSHAKES = { ...BLACK_HOLE, sparesData: true } as const

const initiationsOf = (node: WorldNode): number[] =>
  node.sent.filter(({ bytes }) => bytes[0] === 1).map(({ at }) => at)
const keepalivesOf = (node: WorldNode): number[] =>
  node.sent.filter(({ bytes }) => bytes[0] === 4 && bytes.length === KEEPALIVE_BYTES).map(({ at }) => at)

/** One packet a second from a to b, numbered. */
function talk(world: World, seconds: number, say: (n: number) => void): void {
  for (let n = 0; n < seconds; n++) {
    say(n)
    world.run(1_000)
  }
}

describe('an opening that nobody answers', () => {
  it('is tried every five seconds and a little, for ninety seconds, and then given up', () => {
    const world = new World()
    const { a, toB } = pair(world)
    world.link = BLACK_HOLE
    const start = world.now
    a.tunnel.send(toB, ipPacket('x'))
    world.run(100_000)
    const times = initiationsOf(a)
    const gaps = times.slice(1).map((at, n) => at - times[n]!)
    expect(times[0]).toBe(start)
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(5_000)
    expect(Math.max(...gaps)).toBeLessThanOrEqual(5_333)
    expect(new Set(gaps).size).toBeGreaterThan(1)
    expect(times.at(-1)! - start).toBeLessThan(90_000)
    expect(times.length).toBeGreaterThanOrEqual(17)
    expect(a.events).toEqual(['handshakeFailed'])
    expect(a.tunnel.counters.dropped.attemptOver).toBe(1)

    world.link = { ...BLACK_HOLE, lossRate: 0 }
    a.tunnel.send(toB, ipPacket('y'))
    world.run(1_000)
    expect(a.events).toContain('established 10.0.0.2')
  })

  it('is tried three times by a server, each time waiting longer for an answer that may be on its way', () => {
    const world = new World()
    const { a, toB } = pair(world, { a: { limits: SERVER_LIMITS } })
    world.link = BLACK_HOLE
    const start = world.now
    a.tunnel.send(toB, ipPacket('x'))
    world.run(40_000)
    const seconds = initiationsOf(a).map(at => Math.floor((at - start) / 1_000))
    expect(seconds).toEqual([0, 5, 15])
    expect(a.events).toEqual(['handshakeFailed'])
  })

  it('takes an answer fourteen seconds late at a server, which asked twice and waits', () => {
    const world = new World()
    const { a, toB } = pair(world, { a: { limits: SERVER_LIMITS } })
    world.link = BLACK_HOLE
    a.tunnel.send(toB, ipPacket('x'))
    world.run(5_000)
    world.link = { ...BLACK_HOLE, lossRate: 0, latencyMs: [4_500, 4_500] }
    world.run(10_000)
    expect(toB.established).toBe(true)
    expect(a.tunnel.counters.initiationsSent).toBe(2)
  })

  it('never repeats a timestamp or an ephemeral key', () => {
    const world = new World()
    const { a, toB } = pair(world)
    world.link = BLACK_HOLE
    a.tunnel.send(toB, ipPacket('x'))
    world.run(100_000)
    const ephemerals = a.sent.map(({ bytes }) => Buffer.from(bytes.subarray(8, 40)).toString('hex'))
    expect(new Set(ephemerals).size).toBe(a.sent.length)
  })
})

describe('a session', () => {
  it('is renewed by its initiator after 120 seconds of sending, and nothing is lost', () => {
    const world = new World()
    const { a, b, toB } = pair(world)
    talk(world, 400, n => a.tunnel.send(toB, ipPacket(`${n}`)))
    expect(b.delivered).toEqual(Array.from({ length: 400 }, (_, n) => `${n}`))
    const times = initiationsOf(a)
    expect(times).toHaveLength(4)
    expect(times[1]! - times[0]!).toBeGreaterThanOrEqual(120_000)
    expect(times[1]! - times[0]!).toBeLessThan(122_000)
    expect(initiationsOf(b)).toEqual([])
  })

  it('is renewed in good time before its end by an initiator that only listens', () => {
    const world = new World()
    const limits = { keepaliveMs: 50_000 }
    const { a, b, toA, toB } = pair(world, { a: { limits }, b: { limits } })
    a.tunnel.renew(toB)
    world.run(1_000)
    talk(world, 200, n => b.tunnel.send(toA, ipPacket(`${n}`)))
    expect(a.delivered).toHaveLength(200)
    const times = initiationsOf(a)
    expect(times).toHaveLength(2)
    expect(times[1]! - times[0]!).toBeGreaterThan(125_000)
    expect(times[1]! - times[0]!).toBeLessThan(127_000)
    expect(initiationsOf(b)).toEqual([])
  })

  it('carries nothing from its 180th second on, either way', () => {
    const world = new World()
    const { a, b, toB } = pair(world)
    a.tunnel.send(toB, ipPacket('first'))
    world.run(100)
    const opened = world.now - 80
    world.link = NO_HANDSHAKES
    talk(world, 170, n => a.tunnel.send(toB, ipPacket(`${n}`)))
    const held = a.sent.filter(({ bytes }) => bytes[0] === 4).at(-1)!
    talk(world, 30, n => a.tunnel.send(toB, ipPacket(`late ${n}`)))
    const lastData = a.sent.filter(({ bytes }) => bytes[0] === 4).at(-1)!
    expect(lastData.at - opened).toBeGreaterThan(178_000)
    expect(lastData.at - opened).toBeLessThan(180_000)

    world.inject(held.bytes, a.endpoint, b.endpoint)
    world.run(0)
    expect(b.drops.at(-1)).toBe('expired')
  })

  it('is renewed after its number of messages, and stops at the limit if that fails', () => {
    const world = new World()
    const limits = { rekeyAfterMessages: 100, rejectAfterMessages: 120 }
    const { a, b, toB } = pair(world, { a: { limits }, b: { limits } })
    a.tunnel.renew(toB)
    world.run(10_000)
    for (let n = 0; n < 99; n++) a.tunnel.send(toB, ipPacket(`${n}`))
    world.run(1_000)
    expect(a.tunnel.counters.handshakesCompleted).toBe(2)

    world.link = NO_HANDSHAKES
    world.run(10_000)
    const before = a.tunnel.counters.packetsSent
    for (let n = 0; n < 200; n++) a.tunnel.send(toB, ipPacket(`more ${n}`))
    world.run(1_000)
    expect(a.tunnel.counters.packetsSent - before).toBe(119)
    expect(b.delivered).toHaveLength(99 + 119)
  })

  it('is wiped nine minutes after the last handshake', () => {
    const world = new World()
    const { a, toB } = pair(world)
    a.tunnel.send(toB, ipPacket('x'))
    world.run(539_000)
    expect(toB.established).toBe(true)
    world.run(2_000)
    expect(toB.established).toBe(false)
    a.tunnel.send(toB, ipPacket('y'))
    world.run(1_000)
    expect(toB.established).toBe(true)
  })
})

describe('silence', () => {
  it('after data is broken by one keepalive within ten seconds, and not by two', () => {
    const world = new World()
    const { a, b, toB } = pair(world)
    a.tunnel.send(toB, ipPacket('x'))
    const arrival = world.now + 30
    world.run(60_000)
    expect(keepalivesOf(b)).toEqual([arrival + 10_000])
    expect(keepalivesOf(a)).toEqual([])
  })

  it('is not broken by a keepalive where an answer did so already', () => {
    const world = new World()
    const { a, b, toA, toB } = pair(world)
    a.tunnel.send(toB, ipPacket('question'))
    world.run(5_000)
    b.tunnel.send(toA, ipPacket('answer'))
    world.run(60_000)
    expect(keepalivesOf(b)).toEqual([])
    expect(keepalivesOf(a)).toHaveLength(1)
  })

  it('of a peer that was sent data leads to a new handshake after fifteen seconds and a little', () => {
    const world = new World()
    const { a, b, toB } = pair(world)
    a.tunnel.send(toB, ipPacket('x'))
    world.run(30_000)
    world.stop(b)
    const sentAt = world.now
    a.tunnel.send(toB, ipPacket('y'))
    world.run(16_000)
    const wait = initiationsOf(a).at(-1)! - sentAt
    expect(wait).toBeGreaterThanOrEqual(15_000)
    expect(wait).toBeLessThanOrEqual(15_333)
  })

  it('of thousands that are overloaded makes a server begin nothing', () => {
    const world = new World()
    const { a, b, toA, toB } = pair(world, { b: { limits: SERVER_LIMITS } })
    a.tunnel.send(toB, ipPacket('question'))
    world.run(1_000)
    world.link = BLACK_HOLE
    b.tunnel.send(toA, ipPacket('answer'))
    world.run(600_000)
    expect(initiationsOf(b)).toEqual([])
  })

  it('is broken every so often where a persistent keepalive is asked for, which opens by itself', () => {
    const world = new World()
    const { a, b } = pair(world, { a: { persistentKeepaliveMs: 25_000 } })
    world.run(100_500)
    expect(b.tunnel.counters.handshakesCompleted).toBe(1)
    const times = keepalivesOf(a)
    expect(times.slice(1).map((at, n) => at - times[n]!)).toEqual([25_000, 25_000, 25_000, 25_000])
  })

  it('does not discourage a persistent keepalive that has nowhere to go until it learns of an address', () => {
    const world = new World()
    const { a, b, toB } = pair(world, { a: { persistentKeepaliveMs: 25_000, endpoints: [] } })
    world.run(3_600_000)
    expect(a.sent).toEqual([])
    a.tunnel.setCandidates(toB, [b.endpoint])
    world.run(30_000)
    expect(toB.established).toBe(true)
  })

  it('does not discourage a persistent keepalive: it opens when the peer appears after hours', () => {
    const world = new World()
    const { a, b, toB } = pair(world, { a: { persistentKeepaliveMs: 25_000 } })
    world.link = BLACK_HOLE
    world.run(7_200_000)
    expect(a.events).toContain('handshakeFailed')
    world.link = { ...BLACK_HOLE, lossRate: 0 }
    world.run(30_000)
    expect(toB.established).toBe(true)
    expect(b.tunnel.counters.handshakesCompleted).toBe(1)
  })
})

describe('a side that restarts', () => {
  const restart = (world: World, node: WorldNode, seed: number): WorldNode => {
    world.stop(node)
    return world.node({ name: 'reborn', seed, endpoint: node.endpoint, timestamps: node.timestamps })
  }

  it('is found again at once when it speaks first', () => {
    const world = new World()
    const { a, b, toB } = pair(world)
    a.tunnel.send(toB, ipPacket('x'))
    world.run(30_000)
    const reborn = restart(world, b, 2)
    const toA = reborn.tunnel.addPeer({ publicKey: a.staticKey.publicKey, endpoints: [a.endpoint] })
    reborn.tunnel.send(toA, ipPacket('back'))
    world.run(100)
    a.tunnel.send(toB, ipPacket('welcome'))
    world.run(100)
    expect(a.delivered).toEqual(['back'])
    expect(reborn.delivered).toEqual(['welcome'])
  })

  it('is found again within sixteen seconds of being spoken to', () => {
    const world = new World()
    const { a, b, toB } = pair(world)
    a.tunnel.send(toB, ipPacket('x'))
    world.run(30_000)
    const reborn = restart(world, b, 2)
    reborn.tunnel.addPeer({ publicKey: a.staticKey.publicKey })
    talk(world, 16, n => a.tunnel.send(toB, ipPacket(`${n}`)))
    expect(reborn.drops).toContain('unknownIndex')
    expect(reborn.tunnel.counters.handshakesCompleted).toBe(1)
    a.tunnel.send(toB, ipPacket('there you are'))
    world.run(100)
    expect(reborn.delivered.at(-1)).toBe('there you are')
  })
})

describe('an admitted stranger', () => {
  const visit = (unconfirmed: boolean): { world: World; server: WorldNode; stranger: WorldNode } => {
    const world = new World()
    const server = world.node({ name: 'server', admit: () => ({}) })
    const stranger = world.node({ name: 'stranger' })
    const peer = stranger.tunnel.addPeer({
      publicKey: server.staticKey.publicKey,
      endpoints: [server.endpoint],
    })
    stranger.tunnel.renew(peer)
    if (unconfirmed) {
      world.run(10)
      world.stop(stranger)
    }
    world.run(5_000)
    return { world, server, stranger }
  }

  it('is forgotten soon when it never confirms', () => {
    const { world, server, stranger } = visit(true)
    expect(server.tunnel.peer(stranger.staticKey.publicKey)).toBeDefined()
    world.run(6_000)
    expect(server.tunnel.peer(stranger.staticKey.publicKey)).toBeUndefined()
    expect(server.events).toEqual(['forgotten'])
  })

  it('is forgotten with its keys when it stays away', () => {
    const { world, server, stranger } = visit(false)
    world.run(500_000)
    expect(server.tunnel.peer(stranger.staticKey.publicKey)).toBeDefined()
    world.run(60_000)
    expect(server.tunnel.peer(stranger.staticKey.publicKey)).toBeUndefined()
    expect(server.events.at(-1)).toBe('forgotten')
  })
})
